/**
 * Binds a TOML file and dotted overrides to configuration records. A record declares its keys,
 * their defaults and descriptions, and checks their values, in the room that it configures.
 */
@NullMarked
package dev.freshet.config;

import org.jspecify.annotations.NullMarked;
