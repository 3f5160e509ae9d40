package dev.sluice.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KafkaTest {
  @Test
  void keeps_its_records_over_a_start_on_another_port(@TempDir Path temp) throws Exception {
    var folder = temp.resolve("a folder");
    try (var kafka = Kafka.start(folder, 0)) {
      kafka.ensureTopics(Map.of("sluice.plan", TopicSpec.of("sluice.plan")));
      tell(kafka.bootstrap(), "sluice.plan", "first");
    }
    try (var kafka = Kafka.start(folder, 0)) {
      kafka.ensureTopics(Map.of("sluice.plan", TopicSpec.of("sluice.plan")));
      assertThat(first(kafka.bootstrap(), "sluice.plan")).isEqualTo("first");
    }
  }

  /// Else the broker ends the process, as it does where its disk is full.
  @Test
  void somebody_was_faster_on_its_controllers_port_and_it_takes_another_one(@TempDir Path temp) throws Exception {
    try (var faster = new ServerSocket(0, 1, InetAddress.getByName(Ports.HOST))) {
      var asked = new AtomicInteger();
      try (var kafka = Kafka.start(temp.resolve("kafka"), () -> asked.getAndIncrement() == 0 ? faster.getLocalPort() : Ports.free())) {
        assertThat(asked).hasValueGreaterThan(1);
        kafka.ensureTopics(Map.of("sluice.plan", TopicSpec.of("sluice.plan")));
        tell(kafka.bootstrap(), "sluice.plan", "first");
        assertThat(first(kafka.bootstrap(), "sluice.plan")).isEqualTo("first");
      }
    }
  }

  @Test
  void a_damaged_folder_is_tried_once_and_the_message_says_what_it_may_be(@TempDir Path temp) throws Exception {
    var folder = temp.resolve("kafka");
    Kafka.start(folder, 0).close();
    var log = folder.resolve("data/__cluster_metadata-0");
    Folders.delete(log);
    Files.createFile(log);
    var asked = new AtomicInteger();
    assertThatThrownBy(() -> Kafka.start(folder, () -> {
      asked.incrementAndGet();
      return Ports.free();
    })).isInstanceOf(IllegalStateException.class).isNotInstanceOf(Ports.Taken.class).hasMessageContaining("Kafka in " + folder);
    assertThat(asked).hasValue(1);
  }

  static void tell(String bootstrap, String topic, String value) throws Exception {
    try (var producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap), new StringSerializer(), new StringSerializer())) {
      producer.send(new ProducerRecord<>(topic, 0, "key", value)).get();
    }
  }

  static String first(String bootstrap, String topic) {
    try (var consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap), new StringDeserializer(), new StringDeserializer())) {
      var partition = new TopicPartition(topic, 0);
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      return consumer.poll(Duration.ofSeconds(20)).iterator().next().value();
    }
  }
}
