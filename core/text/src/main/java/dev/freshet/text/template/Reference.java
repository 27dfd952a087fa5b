package dev.freshet.text.template;

/**
 * Where code finds a variable.
 *
 * @param hops how many functions further out the variable lives
 * @param slot its number there
 */
record Reference(int hops, int slot) {}
