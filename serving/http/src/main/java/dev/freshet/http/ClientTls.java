package dev.freshet.http;

import dev.freshet.config.ConfigException;
import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/**
 * TLS 1.2 and 1.3 of connections to servers. A server needs a certificate of its host name or
 * address, from an authority that the JDK trusts or that is in the PEM file which the environment
 * variable {@value TrustedFile#VARIABLE} names. Thread-safe.
 */
public final class ClientTls {
  /** How long a handshake may take. */
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  private static final String[] PROTOCOLS = {"TLSv1.3", "TLSv1.2"};

  private final SSLContext context;

  private ClientTls(SSLContext context) {
    this.context = context;
  }

  /** Made when the process first connects with TLS. */
  private static final class OfProcess {
    static final ClientTls TLS = trusting(TrustedFile.inEnvironment());

    private OfProcess() {}
  }

  /**
   * The TLS of this process's clients.
   *
   * @throws ConfigException if the file of {@value TrustedFile#VARIABLE} cannot be used
   */
  public static ClientTls ofProcess() {
    try {
      return OfProcess.TLS;
    } catch (ExceptionInInitializerError e) {
      if (e.getCause() instanceof ConfigException unusable) {
        throw unusable;
      }
      throw e;
    }
  }

  /**
   * TLS that trusts the certificates of a PEM file besides the JDK's.
   *
   * @throws ConfigException if the file cannot be used
   */
  public static ClientTls trusting(Optional<Path> file) {
    List<? extends Certificate> further = file.map(TrustedFile::certificates).orElse(List.of());
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust(further), null);
      return new ClientTls(context);
    } catch (GeneralSecurityException | IOException e) {
      throw new ConfigException("TLS: the trusted certificates cannot be used: " + e.getMessage());
    }
  }

  private static TrustManager[] trust(List<? extends Certificate> further)
      throws GeneralSecurityException, IOException {
    TrustManagerFactory jdk = factory(Optional.empty());
    if (further.isEmpty()) {
      return jdk.getTrustManagers();
    }
    KeyStore all = KeyStore.getInstance(KeyStore.getDefaultType());
    all.load(null, null);
    int count = 0;
    for (TrustManager manager : jdk.getTrustManagers()) {
      if (manager instanceof X509TrustManager known) {
        for (X509Certificate certificate : known.getAcceptedIssuers()) {
          all.setCertificateEntry("jdk-" + count++, certificate);
        }
      }
    }
    for (Certificate certificate : further) {
      all.setCertificateEntry("file-" + count++, certificate);
    }
    return factory(Optional.of(all)).getTrustManagers();
  }

  /** Trust in the certificates of a store; without one, in the JDK's. */
  private static TrustManagerFactory factory(Optional<KeyStore> store)
      throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store.orElse(null));
    return factory;
  }

  /**
   * The client's end of a connection.
   *
   * @param host the name or address that the server's certificate must have, without brackets
   */
  public SSLEngine engine(String host, int port) {
    SSLEngine engine = context.createSSLEngine(host, port);
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm("HTTPS");
    parameters.setProtocols(PROTOCOLS);
    parameters.setApplicationProtocols(new String[] {"http/1.1"});
    engine.setSSLParameters(parameters);
    return engine;
  }

  /** The first handler of a channel to a server, whose handshake begins when it is connected. */
  public SslHandler handler(String host, int port) {
    SslHandler handler = new SslHandler(engine(host, port));
    handler.setHandshakeTimeoutMillis(HANDSHAKE.toMillis());
    return handler;
  }

  /**
   * Succeeds when requests may be written to a connected channel: with TLS, once it is verified.
   */
  public static Future<Channel> ready(Channel channel) {
    SslHandler handler = channel.pipeline().get(SslHandler.class);
    return handler == null
        ? channel.eventLoop().newSucceededFuture(channel)
        : handler.handshakeFuture();
  }
}
