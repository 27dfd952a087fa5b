package dev.freshet.cli;

import dev.freshet.config.Check;
import dev.freshet.trace.Quoted;
import java.net.URI;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the URL of a listener on the command line. */
final class UrlOption implements ITypeConverter<URI> {
  @Override
  public URI convert(String text) {
    if (!Check.isServerUrl(text)) {
      throw new TypeConversionException(
          "expected a URL such as http://127.0.0.1:8001, got " + Quoted.of(text));
    }
    return URI.create(text);
  }
}
