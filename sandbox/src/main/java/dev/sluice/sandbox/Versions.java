package dev.sluice.sandbox;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/// The versions of the servers, as the build has them.
final class Versions {
  static final String POSTGRES = of("postgres");
  static final String KAFKA = of("kafka");

  private Versions() {
  }

  private static String of(String server) {
    var versions = new Properties();
    try (var in = Versions.class.getResourceAsStream("versions.properties")) {
      versions.load(in);
      return versions.getProperty(server);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
