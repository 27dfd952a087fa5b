/** The commands: reads the configuration and wires the rooms by their constructors. */
@NullMarked
package dev.freshet.cli;

import org.jspecify.annotations.NullMarked;
