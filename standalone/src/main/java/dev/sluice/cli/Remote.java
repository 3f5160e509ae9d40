package dev.sluice.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.sluice.chassis.Json;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The options of every command that talks to a server, and what follows from them.
final class Remote {
  static final String DEFAULT_SERVER = "http://127.0.0.1:8080";

  @Option(names = "--server", paramLabel = "URL", order = 101, description = "the gateway's address; else SLUICE_SERVER, else "
      + DEFAULT_SERVER)
  private String server;

  @Option(names = "--token", paramLabel = "TOKEN", order = 102, description = "the bearer token; else the token file, else SLUICE_TOKEN, else what the last `up` at this address left in ~/.config/sluice/tokens, else 'local'")
  private String token;

  @Option(names = "--token-file", paramLabel = "FILE", order = 103, description = "a file with the bearer token")
  private Path tokenFile;

  @Option(names = "--actor", paramLabel = "NAME", order = 104, description = "who acts; else your user name")
  private String actor;

  @Option(names = "--json", order = 105, description = "print JSON, for scripts")
  private boolean json;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  private Api api;
  private Screen screen;

  Api api() {
    if (api == null) api = new Api(server(), token(), actor(), tokenFile, screen()::note);
    return api;
  }

  Screen screen() {
    if (screen == null) screen = Sluice.screen(spec.commandLine());
    return screen;
  }

  URI server() {
    var given = server != null ? server : unsaid();
    if (!given.matches("https?://[^/\\s]+/?"))
      throw new Failure.Usage("the server must be an address like " + DEFAULT_SERVER + ", not " + given);
    try {
      var uri = new URI(given);
      if (uri.getHost() != null && uri.getPort() <= 65_535) return uri;
    } catch (URISyntaxException e) {
      // said below
    }
    throw new Failure.Usage("the server " + given + " has no name or port that an address can have; no name has an underscore, say");
  }

  /// The server of a command that names none.
  static String unsaid() { return System.getenv().getOrDefault("SLUICE_SERVER", DEFAULT_SERVER); }

  String token() {
    var found = given();
    if (!found.matches("[\\x21-\\x7e]+"))
      throw new Failure.Usage(
          "the token must be one word of plain letters, digits and signs; look for blanks, line ends and what an editor puts"
              + " in front of a file" + (tokenFile == null ? "" : ": " + tokenFile));
    return found;
  }

  private String given() {
    if (token != null) return token;
    if (tokenFile != null) return Tokens.read(tokenFile);
    var named = System.getenv("SLUICE_TOKEN");
    return named != null && !named.isBlank() ? named.strip() : Tokens.ofUser().find(server()).orElse(Tokens.NONE);
  }

  private String actor() {
    if (actor == null) return System.getProperty("user.name", "operator").replaceAll("[^\\x21-\\x7e]+", "_");
    // folded into others it would make one person of two, or two of one
    if (!actor.matches("[\\x20-\\x7e]+") || actor.isBlank())
      throw new Failure.Usage("--actor must be plain letters, digits, signs and blanks, as a header carries them; not " + actor);
    return actor.strip();
  }

  /// What a person types next, to the same server.
  String again(String command) { return api().again(command); }

  boolean json() { return json; }

  /// Shows an answer: as JSON, or by `people`.
  int show(JsonNode answer, Consumer<Screen> people) {
    if (json) screen().line(pretty(answer));
    else
      people.accept(screen());
    return Failure.DONE;
  }

  static String pretty(JsonNode answer) {
    try {
      return Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(answer);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
