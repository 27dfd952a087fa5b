package dev.freshet.plots;

import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * The frame and style of a self-contained page: no script, no font, no other file. Follows the
 * reader's light or dark color scheme and fits a phone.
 */
public final class Page {
  private static final String STYLE =
      """
      body { background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, sans-serif;
        max-width: 64rem; margin: 2rem auto; padding: 0 1rem; overflow-wrap: break-word }
      h1 { font-size: 1.3rem } h2 { font-size: 1.1rem; margin-top: 2.2rem }
      p, li { max-width: 46rem }
      .verdict { font-size: 1.15rem; border-left: .3rem solid var(--soft); padding: .4rem 1rem; max-width: none }
      .verdict.good { border-color: var(--ok) }
      .verdict.warning { border-color: var(--warn) } .verdict.critical { border-color: var(--bad) }
      .finding { border: 1px solid var(--line); border-radius: .4rem; padding: .2rem 1rem; margin: 1rem 0 }
      .critical b { color: var(--bad) } .warning b { color: var(--warn) } .good b { color: var(--ok) }
      .scroll { overflow-x: auto }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .85rem }
      th, td { text-align: right; padding: .2rem .5rem; border-bottom: 1px solid var(--line); white-space: nowrap }
      th:first-child, td:first-child { text-align: left } th { color: var(--soft); font-weight: 600 }
      .plots { display: grid; gap: 1.2rem 2rem;
        grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)) }
      figure { margin: 0; min-width: 0 } figcaption { font-size: .85rem; line-height: 1.7 }
      figure + figure, figure:has(+ figure) { align-self: end }
      figcaption b { display: block } .key { white-space: nowrap; margin-right: .7rem }
      .key svg { width: 22px; height: 8px; margin-right: .3rem } figure > svg { width: 100%; height: auto }
      svg text { font-size: 11.5px; fill: var(--soft) } svg path { fill: none; stroke: currentColor }
      svg .grid { stroke: var(--line) } svg .mark { stroke: var(--soft); stroke-dasharray: 2 4 }
      .line { stroke-width: 1.8 } .dashes { stroke-width: 1.8; stroke-dasharray: 5 4 } .hair { stroke-width: 1 }
      .points { stroke-width: 5; stroke-linecap: round } .band { stroke-width: 7; stroke-opacity: .35 }
      @media (max-width: 30rem) { table { font-size: .75rem } th, td { padding: .2rem .3rem }
        td:first-child { white-space: normal } }
      .span { fill: currentColor; fill-opacity: .32 } .span.bad, .bad .span { fill-opacity: .7 }
      """;

  private Page() {}

  /**
   * The page.
   *
   * @param title its title and heading
   * @param body HTML below the heading
   */
  public static String of(String title, String body) {
    return """
        <!DOCTYPE html>
        <html lang="en"><head><meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>%1$s</title>
        <style>
        %2$s</style></head><body>
        <h1>%1$s</h1>
        %3$s</body></html>
        """
        .formatted(Html.escape(title), style(), body);
  }

  /** The summary at the top of the page. */
  public static String verdict(String css, String text) {
    return "<p class=\"verdict %s\">%s</p>\n".formatted(css, Html.escape(text));
  }

  private static String style() {
    return """
        :root { color-scheme: light dark; --bg: #fff; --line: #e3e7f0; --ok: #2e7d32; --warn: #b26a00; %s }
        @media (prefers-color-scheme: dark) { :root { --bg: #12161f; --line: #2c3447; --ok: #81c784;
          --warn: #ffca6b; %s } }
        %s
        """
            .formatted(colours(false), colours(true), classes())
        + STYLE;
  }

  private static String colours(boolean dark) {
    return Arrays.stream(Tone.values())
        .map(tone -> "--%s: #%06x".formatted(tone.css(), dark ? tone.dark() : tone.light()))
        .collect(Collectors.joining("; "));
  }

  private static String classes() {
    return Arrays.stream(Tone.values())
        .map(tone -> ".%1$s { color: var(--%1$s) }".formatted(tone.css()))
        .collect(Collectors.joining(" "));
  }
}
