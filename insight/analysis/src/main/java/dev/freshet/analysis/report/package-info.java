/** An analysis as text, JSON, Markdown, a page, and the files of an output directory. */
@NullMarked
package dev.freshet.analysis.report;

import org.jspecify.annotations.NullMarked;
