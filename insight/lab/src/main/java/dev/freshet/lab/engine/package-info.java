/** Measures the speed of inference servers: batches of completions through the HTTP client. */
@NullMarked
package dev.freshet.lab.engine;

import org.jspecify.annotations.NullMarked;
