/** */
@NullMarked
package dev.freshet.orchestrator;

import org.jspecify.annotations.NullMarked;
