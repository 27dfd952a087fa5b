/**
 * What a run's logs say about where its time went: events become figures, figures findings, and
 * findings one verdict. Memory is bounded whatever the logs' size.
 */
@NullMarked
package dev.freshet.analysis;

import org.jspecify.annotations.NullMarked;
