package dev.sluice.sandbox;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/// A PostgreSQL and a Kafka, wherever they come from.
///
/// @param passwords of the services' roles
/// @param ours      the broker, where it runs in this process
/// @param stop      ends what was started for this
record Servers(Login superuser, UnaryOperator<String> passwords, String bootstrap, Optional<Kafka> ours, Runnable stop) {
  private static final String PG_URL = "SLUICE_TEST_PG_URL";
  private static final String KAFKA = "SLUICE_TEST_KAFKA";

  /// The servers that the environment names: `SLUICE_TEST_PG_URL` (`postgresql://superuser:password@host:port/database`) and
  /// `SLUICE_TEST_KAFKA` (`host:port,...`); empty without either.
  static Optional<Servers> given(Map<String, String> environment) {
    var url = environment.get(PG_URL);
    var bootstrap = environment.get(KAFKA);
    if (url == null && bootstrap == null) {
      return Optional.empty();
    }
    if (url == null || bootstrap == null) {
      throw new IllegalStateException("give both %s and %s, or neither".formatted(PG_URL, KAFKA));
    }
    return Optional.of(at(superuser(URI.create(url)), bootstrap, () -> {}));
  }

  /// Servers of somebody else. The roles' passwords follow from the superuser's, so that all processes agree on them.
  static Servers at(Login superuser, String bootstrap, Runnable stop) {
    return new Servers(superuser, role -> derived(superuser.password(), role), bootstrap, Optional.empty(), stop);
  }

  private static Login superuser(URI url) {
    var user = Optional.ofNullable(url.getUserInfo()).map(info -> info.split(":", 2)).filter(info -> info.length == 2);
    if (user.isEmpty() || url.getHost() == null || url.getPath().length() < 2) {
      throw new IllegalStateException(PG_URL + " is not of the form postgresql://superuser:password@host:port/database");
    }
    return new Login(url.getHost(), url.getPort() < 0 ? 5432 : url.getPort(), url.getPath().substring(1), user.get()[0], user.get()[1],
        "public");
  }

  private static String derived(String secret, String role) {
    try {
      var digest = MessageDigest.getInstance("SHA-256").digest((secret + "/" + role).getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
