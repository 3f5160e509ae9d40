package dev.sluice.chassis;

import dev.sluice.contract.Words;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.Deserializers;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.sluice.contract.Id;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.util.Map;

/// Records to JSON and back, in the words of the wire: snake_case, ids as strings, enums in lower case, times as RFC 3339. What is unknown is passed over.
public final class Json {
  private static final TypeReference<Map<String, Object>> MAP = new TypeReference<>() {
  };
  private static final ObjectMapper MAPPER = JsonMapper.builder()
      .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
      .addModules(new JavaTimeModule(), new Jdk8Module(), ids())
      .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS, SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
      .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
      .enable(MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
      .serializationInclusion(JsonInclude.Include.ALWAYS)
      .build();

  private static final ObjectReader STRICT = MAPPER.readerFor(MAP).with(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
      .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Json() {}

  /// The mapper itself, for streaming and for reading trees.
  public static ObjectMapper mapper() { return MAPPER; }

  public static String text(Object value) {
    try {
      return MAPPER.writeValueAsString(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot be written as JSON: " + value.getClass(), e);
    }
  }

  public static Buffer buffer(Object value) {
    try {
      return Buffer.buffer(MAPPER.writeValueAsBytes(value));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("cannot be written as JSON: " + value.getClass(), e);
    }
  }

  /// @throws IllegalArgumentException if the text is not a `type`
  public static <T> T read(String text, Class<T> type) {
    try {
      return MAPPER.readValue(text, type);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("is no " + type.getSimpleName() + ": " + e.getOriginalMessage(), e);
    }
  }

  /// Reads what a caller sent: one JSON object, no name twice.
  ///
  /// @throws IllegalArgumentException saying what it is instead, and where
  public static Map<String, Object> object(Buffer body) {
    try {
      var read = STRICT.<Map<String, Object>>readValue(body.getBytes());
      if (read == null) throw new IllegalArgumentException("it is null");
      return read;
    } catch (MismatchedInputException e) {
      throw new IllegalArgumentException(body.length() == 0 ? "it is empty" : "it is something else, or goes on behind its end", e);
    } catch (JsonProcessingException e) {
      var place = e.getLocation();
      throw new IllegalArgumentException(e.getOriginalMessage() + (place == null
          ? ""
          : " (line " + place.getLineNr() + ", column " + place.getColumnNr() + ")"), e);
    } catch (IOException e) {
      throw new IllegalArgumentException("it is not UTF-8", e);
    }
  }

  /// @throws IllegalArgumentException if the text is not a JSON object
  public static Map<String, Object> map(String text) {
    try {
      return MAPPER.readValue(text, MAP);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("is no JSON object: " + e.getOriginalMessage(), e);
    }
  }

  /// A value as another shape: a map as a record, a record as a map.
  public static <T> T convert(Object value, Class<T> type) { return MAPPER.convertValue(value, type); }

  public static Map<String, Object> map(Object value) { return MAPPER.convertValue(value, MAP); }

  private static SimpleModule ids() {
    return new SimpleModule() {
      private static final long serialVersionUID = 1;

      @Override
      public void setupModule(SetupContext context) {
        super.setupModule(context);
        context.addDeserializers(new IdReaders());
      }
    }.addSerializer(Id.class, new JsonSerializer<>() {
      @Override
      public void serialize(Id id, JsonGenerator out, SerializerProvider provider) throws IOException { out.writeString(id.value()); }
    }).addKeySerializer(Id.class, new JsonSerializer<>() {
      @Override
      public void serialize(Id id, JsonGenerator out, SerializerProvider provider) throws IOException { out.writeFieldName(id.value()); }
    }).addSerializer(new JsonSerializer<Enum<?>>() {
      @Override
      public void serialize(Enum<?> value, JsonGenerator out, SerializerProvider provider) throws IOException {
        out.writeString(Words.of(value));
      }

      @Override
      @SuppressWarnings("unchecked")
      public Class<Enum<?>> handledType() { return (Class<Enum<?>>) (Class<?>) Enum.class; }
    });
  }

  private static final class IdReaders extends Deserializers.Base {
    @Override
    public JsonDeserializer<?> findBeanDeserializer(JavaType type, DeserializationConfig config, BeanDescription description) {
      if (!Id.class.isAssignableFrom(type.getRawClass()) || type.isInterface()) return null;
      return new JsonDeserializer<Object>() {
        @Override
        public Object deserialize(JsonParser in, DeserializationContext context) throws IOException {
          return id(type.getRawClass(), in.getText());
        }
      };
    }
  }

  private static Object id(Class<?> type, String value) throws IOException {
    try {
      return type.getDeclaredConstructor(String.class).newInstance(value);
    } catch (InvocationTargetException e) {
      throw new IOException(e.getCause().getMessage(), e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " is no record of one string", e);
    }
  }
}
