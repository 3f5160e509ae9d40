package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.charset.StandardCharsets;
import dev.sluice.agent.AgentConfig.Enrolled;
import dev.sluice.agent.AgentConfig.Enrolment;
import dev.sluice.agent.AgentConfig.Limits;
import dev.sluice.agent.AgentConfig.ModuleConfig;
import dev.sluice.agent.AgentConfig.Pace;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The YAML file of an agent.
class ConfigFileTest {
  @TempDir
  Path folder;

  @Test
  void reads_all_settings() throws Exception {
    AgentConfig config = read("""
        server: https://fleet.example/sluice
        state_dir: state
        enroll: {template_id: edge, id: i1, name: First, labels: {zone: a}, token: t}
        heartbeat_sec: 5
        health_interval_sec: 7
        proof_interval_sec: 60
        long_poll: false
        limits: {artifact_mb: 10, unpacked_mb: 20, entries: 30, ratio: 40}
        modules:
          nginx:
            dir: /srv/nginx
            apply: [systemctl, reload, nginx]
            health: [./bin/health, --quick]
            apply_timeout_sec: 30
            health_timeout_sec: 3
        """);
    assertThat(config).isEqualTo(new AgentConfig(URI.create("https://fleet.example/sluice"),
        new Enrolment("edge", "i1", "First", Map.of("zone", "a"), "t"), folder.resolve("state"),
        new Pace(Duration.ofSeconds(5), Duration.ofSeconds(7), Duration.ofSeconds(60), false), new Limits(10 << 20, 20 << 20, 30, 40),
        Map.of("nginx", new ModuleConfig(Path.of("/srv/nginx"), List.of("systemctl", "reload", "nginx"), List.of("./bin/health", "--quick"),
            Duration.ofSeconds(30), Duration.ofSeconds(3)))));
  }

  @Test
  void has_defaults_for_all_that_an_operator_need_not_say() throws Exception {
    AgentConfig config = read("""
        server: http://127.0.0.1:8080
        state_dir: /var/lib/agent
        id: i1
        token: secret
        modules: {nginx: {dir: /srv/nginx}}
        """);
    assertThat(config.access()).isEqualTo(new Enrolled("i1", "secret"));
    assertThat(config.access()).asString().doesNotContain("secret");
    assertThat(config.pace()).isEqualTo(Pace.DEFAULT);
    assertThat(config.pace().proof()).isEqualTo(Duration.ofHours(1));
    assertThat(config.limits()).isEqualTo(Limits.DEFAULT);
    assertThat(config.modules().get("nginx").apply()).isEmpty();
  }

  @Test
  void names_all_faults_at_once() throws Exception {
    assertThat(faults("""
        server: ftp://somewhere
        stat_dir: x
        heartbeat_sec: "5"
        long_poll: maybe
        id: i 1
        modules:
          nginx: {dir: a, apply: systemctl reload, health: [1], apply_timeout_sec: 0}
          redis: {dir: ./a, colour: red}
          empty:
        """)).containsExactly("server: an address like http://127.0.0.1:8080; given \"ftp://somewhere\"", "state_dir: missing",
        "id: an id has 1 to 128 of A-Z a-z 0-9 . _ : -; given \"i 1\"", "token: missing",
        "heartbeat_sec: a whole number from 0 to 86400; given \"5\"", "long_poll: true or false; given \"maybe\"",
        "modules.nginx.apply: a list of words, like [systemctl, reload, nginx]; given \"systemctl reload\"",
        "modules.nginx.health: a list of words, like [systemctl, reload, nginx]; given [1]",
        "modules.nginx.apply_timeout_sec: a whole number from 1 to 86400; given 0", "modules.redis.dir: another module has this folder",
        "modules.redis.colour: unknown; known are [apply, apply_timeout_sec, dir, health, health_timeout_sec]", "modules.empty: missing",
        "modules.empty.dir: missing",
        "stat_dir: unknown; known are [enroll, health_interval_sec, heartbeat_sec, id, limits, long_poll, modules, proof_interval_sec, "
            + "server, state_dir, token]");
  }

  @Test
  void says_what_no_host_can_take() throws Exception {
    assertThat(faults("""
        server: http://127.0.0.1:80800
        state_dir: "a\\0b"
        id: i1
        token: secret
        modules: {nginx: {dir: /srv/nginx}}
        """)).hasSize(2).satisfiesExactly(one -> assertThat(one).startsWith("server: an address like"),
        two -> assertThat(two).startsWith("state_dir: no path on this host (Nul"));
    Path latin = Files.write(folder.resolve("latin.yaml"), "server: caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> ConfigFile.read(latin)).isInstanceOf(ConfigException.class)
        .hasMessage("cannot read " + latin + ": it is not UTF-8");
  }

  @Test
  void wants_one_way_to_an_identity() throws Exception {
    String rest = """

        server: http://h
        state_dir: s
        modules: {m: {dir: d}}
        """;
    String either = "give either id and token (an instance that is enrolled already) or enroll (one that enrols itself)";
    assertThat(faults("enroll: {template_id: t}\ntoken: x" + rest)).containsExactly(either);
    assertThat(faults(rest)).containsExactly(either);
    assertThat(faults("token: x" + rest)).containsExactly("id: missing");
  }

  @Test
  void says_where_it_is_no_yaml() throws Exception {
    assertThat(faults("server: [")).first().asString().contains("agent.yaml is not YAML");
    assertThat(faults("server: a\nserver: b")).first().asString().contains("agent.yaml is not YAML");
    assertThat(faults("- a")).first().asString().startsWith("the file: expected keys with values");
    assertThat(faults("")).contains("server: missing", "modules: missing");
    assertThat(catchThrowableOfType(ConfigException.class, () -> ConfigFile.read(folder.resolve("none"))))
        .hasMessageStartingWith("cannot read");
  }

  @ParameterizedTest
  @ValueSource(strings = {"|\n    hush", "\"hush\\n\"", "hush hush", "hüsh", "\" \"", "4718", "4.718", "true", "[hush]", "{hush: hush}"})
  void a_token_that_no_server_could_be_shown_is_a_fault_that_does_not_show_it(String token) throws Exception {
    String rest = "server: http://h\nstate_dir: s\nmodules: {m: {dir: d}}\n";
    String why = "token: a text of visible ASCII characters without blanks, in quotes where it looks like something else; what is given is not shown";
    assertThat(faults(rest + "id: i1\ntoken: " + token + "\n")).containsExactly(why);
    assertThat(faults(rest + "enroll:\n  template_id: t\n  token: " + token.replace("    ", "      ") + "\n"))
        .containsExactly("enroll." + why);
  }

  @ParameterizedTest
  @ValueSource(strings = {"token: \"hush", "id: a\ntoken: [hush", "token: a\ntoken: hush", "token: hush: hush", "enroll: hush",
    "enroll: [token: hush]",
    "- token: hush", "token: hush", "token: @hush", "token: &hush", "token: *hush", "token: !hush hush", "token: a # b\n\thush: a"})
  void no_fault_shows_a_token_that_stands_where_it_cannot_be_read(String yaml) throws Exception {
    assertThat(faults(yaml)).isNotEmpty().noneMatch(fault -> fault.contains("hush"));
  }

  private AgentConfig read(String yaml) throws IOException, ConfigException {
    return ConfigFile.read(Files.writeString(folder.resolve("agent.yaml"), yaml));
  }

  private List<String> faults(String yaml) throws IOException {
    Files.writeString(folder.resolve("agent.yaml"), yaml);
    ConfigException refused = catchThrowableOfType(ConfigException.class, () -> ConfigFile.read(folder.resolve("agent.yaml")));
    return refused.getMessage().lines().toList();
  }
}
