package dev.freshet.http;

import dev.freshet.config.ConfigException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A server's certificate and its key, as PEM files.
 *
 * @param certificates the certificate of the server first, then those of its issuers
 * @param key its key in PKCS #8, not encrypted: {@code BEGIN PRIVATE KEY}
 */
record CertificateFiles(Path certificates, Path key) {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
  private static final Pattern BEGINNING = Pattern.compile("-----BEGIN [A-Z0-9 ]+-----");
  private static final byte[] SAMPLE = "freshet".getBytes(StandardCharsets.US_ASCII);

  /** A key and the chain of the certificate that has its public half. */
  record KeyPair(PrivateKey key, List<X509Certificate> chain) {}

  /** When the files were written, and their sizes: others once one of them has changed. */
  record Stamp(FileTime certificates, long certificateBytes, FileTime key, long keyBytes) {}

  /**
   * The stamp of the files as they are now.
   *
   * @throws IOException if one of them is missing
   */
  Stamp stamp() throws IOException {
    return new Stamp(
        Files.getLastModifiedTime(certificates),
        Files.size(certificates),
        Files.getLastModifiedTime(key),
        Files.size(key));
  }

  /**
   * Reads both files.
   *
   * @throws ConfigException if one of them cannot be read, or they do not belong together
   */
  KeyPair read() {
    List<X509Certificate> chain = chain();
    PublicKey publicKey = chain.getFirst().getPublicKey();
    PrivateKey privateKey = privateKey(publicKey.getAlgorithm());
    if (!belongTogether(privateKey, publicKey)) {
      throw new ConfigException(
          "TLS: the key in %s is not that of the first certificate in %s"
              .formatted(key, certificates));
    }
    return new KeyPair(privateKey, chain);
  }

  private List<X509Certificate> chain() {
    try {
      List<X509Certificate> chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(certificates)))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (chain.isEmpty()) {
        throw new ConfigException(
            "TLS certificate file %s: expected a certificate in PEM, got none"
                .formatted(certificates));
      }
      return chain;
    } catch (CertificateException e) {
      throw new ConfigException(
          "TLS certificate file %s: expected certificates in PEM: %s"
              .formatted(certificates, e.getMessage()));
    } catch (IOException e) {
      throw unreadable("certificate", certificates, e);
    }
  }

  private PrivateKey privateKey(String algorithm) {
    try {
      String text = Files.readString(key, StandardCharsets.ISO_8859_1);
      Matcher pem = KEY.matcher(text);
      if (!pem.find()) {
        Matcher other = BEGINNING.matcher(text);
        throw new ConfigException(
            ("TLS key file %s: expected -----BEGIN PRIVATE KEY-----, got %s; convert it with:"
                    + " openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW")
                .formatted(key, other.find() ? other.group() : "no PEM"));
      }
      return KeyFactory.getInstance(algorithm)
          .generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem.group(1))));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new ConfigException(
          "TLS key file %s: expected a key of algorithm %s, as its certificate has"
              .formatted(key, algorithm));
    } catch (IOException e) {
      throw unreadable("key", key, e);
    }
  }

  private static ConfigException unreadable(String what, Path file, IOException e) {
    return new ConfigException(
        "TLS %s file %s: cannot be read: %s".formatted(what, file, ApiError.message(e)));
  }

  private static boolean belongTogether(PrivateKey key, PublicKey publicKey) {
    String algorithm =
        switch (publicKey.getAlgorithm()) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          default -> publicKey.getAlgorithm();
        };
    try {
      Signature signing = Signature.getInstance(algorithm);
      signing.initSign(key);
      signing.update(SAMPLE);
      byte[] signature = signing.sign();
      Signature verifying = Signature.getInstance(algorithm);
      verifying.initVerify(publicKey);
      verifying.update(SAMPLE);
      return verifying.verify(signature);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
