package dev.sluice.sandbox;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.postgresql.PostgreSQLContainer;

/// The servers as containers, for tests on a machine with a Docker engine. Testcontainers is an optional dependency: a module that wants this
/// names `testcontainers-postgresql` and `testcontainers-kafka` in its test scope; without them, or without an engine, this offers nothing.
///
/// Compiled against Testcontainers 2, but never yet run: there was no Docker engine where it was written.
final class Containers {
  private Containers() {
  }

  /// Both servers, started; empty where Testcontainers is not on the class path or no engine answers.
  static Optional<Servers> whereDockerAnswers() {
    return hasSocket() && onClassPath() && DockerClientFactory.instance().isDockerAvailable() ? Optional.of(start()) : Optional.empty();
  }

  private static boolean hasSocket() { return System.getenv("DOCKER_HOST") != null || Files.exists(Path.of("/var/run/docker.sock")); }

  private static boolean onClassPath() {
    try {
      Class.forName("org.testcontainers.kafka.KafkaContainer");
      Class.forName("org.testcontainers.postgresql.PostgreSQLContainer");
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  private static Servers start() {
    var postgres = new PostgreSQLContainer("postgres:" + Versions.POSTGRES.split("\\.")[0]).withUsername(Postgres.SUPERUSER)
        .withPassword("postgres").withCommand("postgres", "-c", "max_connections=200");
    var kafka = new KafkaContainer("apache/kafka:" + Versions.KAFKA);
    postgres.start();
    kafka.start();
    var superuser = new Login(postgres.getHost(), postgres.getMappedPort(PostgreSQLContainer.POSTGRESQL_PORT), postgres.getDatabaseName(),
        postgres.getUsername(), postgres.getPassword(), "public");
    return Servers.at(superuser, kafka.getBootstrapServers(), () -> {
      kafka.stop();
      postgres.stop();
    });
  }
}
