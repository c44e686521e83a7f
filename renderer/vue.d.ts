/** Single-file components for tools that do not compile them (the linter): vue-tsc sees their real types instead. */
declare module '*.vue' {
  import type { Component } from 'vue'
  const component: Component
  export default component
}
