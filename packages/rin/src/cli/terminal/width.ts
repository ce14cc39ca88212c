/** The width that programs take for a terminal that does not tell its own. */
const usual = 80;

/** Characters in a line of a terminal. A terminal without a size, as some tools make them, reports 0 or nothing. */
export const widthOf = ({ columns }: { readonly columns?: number }): number => columns || usual;
