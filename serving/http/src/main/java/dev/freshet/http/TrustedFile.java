package dev.freshet.http;

import dev.freshet.config.ConfigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** The PEM file of certificates that clients trust besides the JDK's. */
final class TrustedFile {
  /** The environment variable with its path. */
  static final String VARIABLE = "FRESHET_CA_FILE";

  private TrustedFile() {}

  /** The file that the environment names. */
  static Optional<Path> inEnvironment() {
    return Optional.ofNullable(System.getenv(VARIABLE))
        .filter(file -> !file.isEmpty())
        .map(Path::of);
  }

  /**
   * The certificates in the file, at least one.
   *
   * @throws ConfigException if it cannot be read or has none
   */
  static List<? extends Certificate> certificates(Path file) {
    String problem = "expected a certificate in PEM, got none";
    try (InputStream in = Files.newInputStream(file)) {
      Collection<? extends Certificate> found =
          CertificateFactory.getInstance("X.509").generateCertificates(in);
      if (!found.isEmpty()) {
        return List.copyOf(found);
      }
    } catch (CertificateException e) {
      problem = "expected certificates in PEM: " + e.getMessage();
    } catch (IOException e) {
      problem = "cannot be read: " + ApiError.message(e);
    }
    throw new ConfigException("%s %s: %s".formatted(VARIABLE, file, problem));
  }
}
