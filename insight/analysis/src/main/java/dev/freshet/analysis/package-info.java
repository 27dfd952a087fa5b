/**
 * Finds in a run's logs where its time went: events become metrics, metrics findings, and findings
 * one verdict. Memory is bounded for logs of any size.
 */
@NullMarked
package dev.freshet.analysis;

import org.jspecify.annotations.NullMarked;
