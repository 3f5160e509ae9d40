package dev.sluice.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/// The tokens that `sluice up` and `sluice demo` made on this machine, one file for each address, readable by the user alone:
/// `~/.config/sluice/tokens/127.0.0.1-8080`. Client commands find them there. Where nothing is kept, the word `local` is sent.
final class Tokens {
  static final String NONE = "local";
  private final Path folder;

  Tokens(Path folder) { this.folder = folder; }

  static Tokens ofUser() {
    var config = System.getenv("XDG_CONFIG_HOME");
    var base = config == null || config.isBlank() ? Path.of(System.getProperty("user.home"), ".config") : Path.of(config);
    return new Tokens(base.resolve("sluice").resolve("tokens"));
  }

  /// @return whether it could be kept; a home that cannot be written to is no reason to fail
  boolean keep(URI server, String token) {
    try {
      Files.createDirectories(folder);
      var file = file(server);
      Files.deleteIfExists(file);
      Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(file, token + "\n");
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /// The server is gone for good. A token that cannot be removed opens nothing any more.
  ///
  /// @return whether none is kept now
  boolean forget(URI server) {
    try {
      Files.deleteIfExists(file(server));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  Optional<String> find(URI server) {
    var file = file(server);
    return Files.isReadable(file) ? Optional.of(read(file)).filter(token -> !token.isEmpty()) : Optional.empty();
  }

  /// The token in a file.
  static String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw new Failure.Usage("cannot read the token file " + file + ": " + Text.why(e));
    }
  }

  private Path file(URI server) {
    int port = server.getPort() >= 0 ? server.getPort() : "https".equals(server.getScheme()) ? 443 : 80;
    return folder.resolve(String.valueOf(server.getHost()).replaceAll("[^A-Za-z0-9.]", "_") + "-" + port);
  }
}
