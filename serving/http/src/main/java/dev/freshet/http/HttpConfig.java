package dev.freshet.http;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import java.util.List;
import java.util.regex.Pattern;

/** The configuration of every HTTP listener of a process. */
@Section("The HTTP listeners of every role.")
public record HttpConfig(
    @Key(
            def = "",
            doc =
                "names, without a port, by which reverse proxies on this host pass requests on;"
                    + " a listener on a loopback address answers no other name but localhost")
        List<String> allowedHosts) {
  /** No other names. */
  public static final HttpConfig DEFAULT = new HttpConfig(List.of());

  private static final Pattern NAME = Pattern.compile("[-A-Za-z0-9._]+");

  public HttpConfig {
    allowedHosts = List.copyOf(allowedHosts);
    Check.that(
        allowedHosts.stream().allMatch(host -> NAME.matcher(host).matches()),
        "allowedHosts",
        "host names such as freshet.example.org, without a scheme or a port");
  }
}
