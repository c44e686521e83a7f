/** msgpackr's build without `new Function`, which the page's Content-Security-Policy forbids, ships no types of its own. */
declare module 'msgpackr/index-no-eval' {
  export { Packr } from 'msgpackr'
}
