/**
 * `text` as a Swift raw multi-line string literal that means exactly `text`.
 *
 * @param {string} text
 * @returns {string}
 */
export function swiftLiteral(text) {
    if (/[\r\0]/.test(text)) throw new Error('a Swift multi-line literal cannot carry CR or NUL as they are');
    // Enough number signs that nothing inside ends the literal or begins an escape.
    let signs = '#';
    while (text.includes('"""' + signs) || text.includes('\\' + signs)) signs += '#';
    return `${signs}"""\n${text}\n"""${signs}`;
}
