/**
 * What the process of a role needs, whatever the role: log files, lifetime and signals, the run
 * directory, records of stalls, limits of the operating system. Knows no roles.
 */
@NullMarked
package dev.freshet.process;

import org.jspecify.annotations.NullMarked;
