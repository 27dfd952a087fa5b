/**
 * What the process of any role needs: log files, lifetime and signals, the run directory, records
 * of stalls, limits of the operating system. Knows no roles.
 */
@NullMarked
package dev.freshet.process;

import org.jspecify.annotations.NullMarked;
