/** A run's configuration: a TOML file and dotted overrides, bound to records. */
@NullMarked
package dev.freshet.cli.config;

import org.jspecify.annotations.NullMarked;
