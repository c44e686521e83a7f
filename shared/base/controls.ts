/** Characters of text that act on what shows it instead of being shown. Texts out of traces are somebody else's. */

/** Everything a terminal or a mail reader might act on: controls, and what turns the direction of writing. */
export const ACTS = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g
