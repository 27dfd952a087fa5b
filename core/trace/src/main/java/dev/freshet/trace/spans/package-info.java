/**
 * Weight updates as spans of distributed traces, and their export by OTLP over HTTP. What exports
 * is loaded only where an endpoint is configured.
 */
@NullMarked
package dev.freshet.trace.spans;

import org.jspecify.annotations.NullMarked;
