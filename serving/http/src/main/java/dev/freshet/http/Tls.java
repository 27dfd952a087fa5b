package dev.freshet.http;

import dev.freshet.config.ConfigException;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS 1.2 and 1.3 for the listeners of a process, which speak HTTP/1.1 over it. The files of the
 * certificate are looked at every second on a thread of its own: connections that begin after a
 * change get the new certificate. Files that cannot be used leave the old one in place, which the
 * log says once a change. Thread-safe.
 */
public final class Tls implements AutoCloseable {
  private static final Duration POLL = Duration.ofSeconds(1);

  /** How long a client may take for its handshake. */
  private static final Duration HANDSHAKE = Duration.ofSeconds(10);

  private static final Logger LOG = LoggerFactory.getLogger(Tls.class);

  private final CertificateFiles files;
  private final Duration handshake;
  private final ScheduledExecutorService poll =
      Executors.newSingleThreadScheduledExecutor(
          work -> Thread.ofPlatform().name("freshet-tls-files").daemon().unstarted(work));
  private volatile SslContext context;

  /** The files as they were last read, also in vain; empty if they were missing. */
  private volatile Optional<CertificateFiles.Stamp> read;

  private Tls(CertificateFiles files, Duration handshake) {
    this.files = files;
    this.handshake = handshake;
    this.read = stamp(files);
    this.context = context(files.read());
  }

  /**
   * Reads the certificate and follows its files until {@link #close}.
   *
   * @param certificates a PEM file: the server's certificate, then those of its issuers
   * @param key a PEM file with its key in PKCS #8
   * @throws ConfigException if the files cannot be used
   */
  public static Tls follow(Path certificates, Path key) {
    return follow(certificates, key, HANDSHAKE);
  }

  static Tls follow(Path certificates, Path key, Duration handshake) {
    Tls tls = new Tls(new CertificateFiles(certificates, key), handshake);
    var _ =
        tls.poll.scheduleWithFixedDelay(
            tls::readIfChanged, POLL.toMillis(), POLL.toMillis(), TimeUnit.MILLISECONDS);
    return tls;
  }

  private void readIfChanged() {
    Optional<CertificateFiles.Stamp> now = stamp(files);
    if (now.equals(read)) {
      return;
    }
    try {
      context = context(files.read());
      LOG.info("TLS: new connections get the certificate that is in {} now", files.certificates());
    } catch (ConfigException e) {
      LOG.warn("TLS: kept the old certificate: {}", e.getMessage());
    } catch (RuntimeException e) {
      LOG.error("TLS: kept the old certificate", e);
    } finally {
      read = now;
    }
  }

  /** Whether the files were read, also in vain, since they were last changed. */
  boolean isRead() {
    return stamp(files).equals(read);
  }

  private static Optional<CertificateFiles.Stamp> stamp(CertificateFiles files) {
    try {
      return Optional.of(files.stamp());
    } catch (IOException e) {
      return Optional.empty(); // Reading them gives the error.
    }
  }

  private static SslContext context(CertificateFiles.KeyPair pair) {
    try {
      return SslContextBuilder.forServer(pair.key(), pair.chain().toArray(X509Certificate[]::new))
          .sslProvider(SslProvider.JDK)
          .protocols("TLSv1.3", "TLSv1.2")
          .applicationProtocolConfig(
              new ApplicationProtocolConfig(
                  ApplicationProtocolConfig.Protocol.ALPN,
                  ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                  ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                  ApplicationProtocolNames.HTTP_1_1))
          .build();
    } catch (SSLException e) {
      throw new ConfigException("TLS: the certificate cannot be used: " + e.getMessage());
    }
  }

  /**
   * The handler of a connection that has begun its handshake.
   *
   * @param handshakes computes the keys and signatures
   */
  SslHandler handler(ByteBufAllocator allocator, Executor handshakes) {
    SslHandler handler = context.newHandler(allocator, handshakes);
    handler.setHandshakeTimeoutMillis(handshake.toMillis());
    return handler;
  }

  /** Follows the files no longer. */
  @Override
  public void close() {
    poll.shutdownNow();
  }
}
