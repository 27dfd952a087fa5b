package dev.freshet.http;

import dev.freshet.config.Check;
import dev.freshet.config.Key;
import dev.freshet.config.Section;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The configuration of every HTTP listener of a process. */
@Section("The HTTP listeners of every role.")
public record HttpConfig(
    @Key(
            def = "",
            doc =
                "names, without a port, by which reverse proxies on this host pass requests on;"
                    + " a listener on a loopback address answers no other name but localhost")
        List<String> allowedHosts,
    @Key(
            def = "",
            doc =
                "origins, such as https://app.example.org, whose web pages may send requests to data"
                    + " listeners and read the answers (CORS); * is any origin; empty: none")
        List<String> allowedOrigins,
    @Key(
            def = "",
            doc =
                "PEM file with the certificate of this host, then those of its issuers, which makes"
                    + " data listeners speak TLS; read again when it changes; empty: plain HTTP")
        String sslCertfile,
    @Key(def = "", doc = "PEM file with the key of that certificate, in PKCS #8") String sslKeyfile,
    @Key(
            def = "false",
            doc = "whether the admin and status listeners speak TLS too, with the same certificate")
        boolean sslAdmin,
    @Key(
            def = "true",
            doc =
                "whether the log has a line about each request of a data listener: route, status, tokens"
                    + " and times, never its content")
        boolean logRequests) {
  /** No other names, plain HTTP, no log of requests. */
  public static final HttpConfig DEFAULT =
      new HttpConfig(List.of(), List.of(), "", "", false, false);

  private static final Pattern NAME = Pattern.compile("[-A-Za-z0-9._]+");

  private static final Pattern ORIGIN = Pattern.compile("\\*|[a-z][-+.a-z0-9]*://[^/?#@\\s]+");

  public HttpConfig {
    allowedHosts = List.copyOf(allowedHosts);
    allowedOrigins = List.copyOf(allowedOrigins);
    Check.that(
        allowedHosts.stream().allMatch(host -> NAME.matcher(host).matches()),
        "allowedHosts",
        "host names such as freshet.example.org, without a scheme or a port");
    Check.that(
        allowedOrigins.stream().allMatch(origin -> ORIGIN.matcher(origin).matches()),
        "allowedOrigins",
        "* or origins such as https://app.example.org, without a path");
    Check.that(
        sslCertfile.isEmpty() == sslKeyfile.isEmpty(),
        "sslKeyfile",
        "the key of http.ssl_certfile, and only if that is set");
    Check.that(!sslAdmin || !sslCertfile.isEmpty(), "sslAdmin", "false without http.ssl_certfile");
  }

  /** The log of the requests of a data listener. */
  public RequestLog requests() {
    return logRequests ? RequestLog.toLog() : RequestLog.OFF;
  }

  /** The same without a log of requests. */
  public HttpConfig quiet() {
    return new HttpConfig(allowedHosts, allowedOrigins, sslCertfile, sslKeyfile, sslAdmin, false);
  }

  /**
   * The certificate of the data listeners, which the caller closes; none if they speak plain HTTP.
   *
   * @throws dev.freshet.config.ConfigException if its files cannot be used
   */
  public Optional<Tls> tls() {
    return sslCertfile.isEmpty()
        ? Optional.empty()
        : Optional.of(Tls.follow(Path.of(sslCertfile), Path.of(sslKeyfile)));
  }
}
