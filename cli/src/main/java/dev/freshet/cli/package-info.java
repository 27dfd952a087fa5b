/** The commands: they read the configuration and wire the rooms by their constructors. */
@NullMarked
package dev.freshet.cli;

import org.jspecify.annotations.NullMarked;
