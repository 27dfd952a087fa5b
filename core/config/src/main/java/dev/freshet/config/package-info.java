/**
 * Binds a TOML file and dotted overrides to configuration records. Each room owns the keys of its
 * own record; this room knows none.
 */
@NullMarked
package dev.freshet.config;

import org.jspecify.annotations.NullMarked;
