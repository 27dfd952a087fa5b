package dev.freshet.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.freshet.config.ConfigException;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Future;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Clients know the servers that they connect to. */
@Timeout(120)
class ClientTlsTest {
  @TempDir static Path dir;

  private static final EventLoopGroup LOOPS = Transport.group("freshet-test", 1);

  private static TestCertificate certificate;

  @BeforeAll
  static void makeCertificate() throws Exception {
    certificate = TestCertificate.make(dir, "server", "EC");
  }

  @AfterAll
  static void closeLoops() {
    Transport.close(LOOPS, Duration.ofSeconds(5));
  }

  /** Connects to a listener with the certificate; empty, or why it is not ready. */
  private static Optional<Throwable> connect(ClientTls tls, String host) throws Exception {
    try (Tls served = Tls.follow(certificate.certificates, certificate.key);
        TestListener server = new TestListener(served)) {
      ChannelFuture connected =
          Transport.connecting(LOOPS)
              .handler(
                  new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                      channel.pipeline().addLast(tls.handler(host, server.address().getPort()));
                    }
                  })
              .connect(server.address());
      assertThat(connected.await(60, TimeUnit.SECONDS)).isTrue();
      Future<Channel> ready = ClientTls.ready(connected.channel());
      assertThat(ready.await(60, TimeUnit.SECONDS)).isTrue();
      var _ = connected.channel().close();
      return Optional.ofNullable(ready.cause());
    }
  }

  private static ClientTls trusting() {
    return ClientTls.trusting(Optional.of(certificate.certificates));
  }

  @Test
  void aServerOfATrustedCertificateIsKnownByItsNamesAndAddresses() throws Exception {
    assertThat(connect(trusting(), "127.0.0.1")).isEmpty();
    assertThat(connect(trusting(), "localhost")).isEmpty();
  }

  @Test
  void aServerOfAnotherNameIsRefused() throws Exception {
    assertThat(connect(trusting(), "freshet.example"))
        .hasValueSatisfying(
            why -> assertThat(why).hasMessageContaining("matching freshet.example found"));
    assertThat(connect(trusting(), "127.0.0.2"))
        .hasValueSatisfying(why -> assertThat(why).hasMessageContaining("127.0.0.2"));
  }

  @Test
  void aServerOfAnUnknownAuthorityIsRefused() throws Exception {
    assertThat(connect(ClientTls.trusting(Optional.empty()), "127.0.0.1"))
        .hasValueSatisfying(why -> assertThat(why).hasMessageContaining("PKIX path building"));
  }

  @Test
  void aFileWithoutCertificatesIsRefusedByTheNameOfItsVariable() throws Exception {
    Path empty = Files.createFile(dir.resolve("empty.pem"));
    Path other = Files.writeString(dir.resolve("other.pem"), "no certificate");
    Path none = dir.resolve("none.pem");

    assertThatThrownBy(() -> ClientTls.trusting(Optional.of(empty)))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("FRESHET_CA_FILE %s: expected a certificate", empty);
    assertThatThrownBy(() -> ClientTls.trusting(Optional.of(other)))
        .hasMessageContaining("FRESHET_CA_FILE %s: expected certificates in PEM", other);
    assertThatThrownBy(() -> ClientTls.trusting(Optional.of(none)))
        .hasMessageContaining("FRESHET_CA_FILE %s: cannot be read", none);
  }
}
