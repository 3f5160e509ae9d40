-- Which topics the journal was published to, by Kafka's own ids: another id under the same name is another topic, which holds nothing of it.
create table journal_topic (
  topic text primary key,
  id    text not null
);
