package org.coldstart.tools.study;

import java.util.List;
import java.util.stream.IntStream;
import org.coldstart.data.Conversation;
import org.coldstart.data.DataRow;
import org.coldstart.data.DataSet;
import org.coldstart.data.Example;
import org.coldstart.data.ExampleBuilder;
import org.coldstart.data.LossOn;
import org.coldstart.data.ReasoningRole;
import org.coldstart.data.ThinkAnswer;
import org.coldstart.evaluate.ReasoningReport;
import org.coldstart.evaluate.ReplyReport;
import org.coldstart.generate.Generation;
import org.coldstart.generate.Generator;
import org.coldstart.generate.Responses;
import org.coldstart.generate.Sampling;
import org.coldstart.generate.TwoPhaseGenerator;
import org.coldstart.model.CausalLm;
import org.coldstart.model.EmbeddingInit;
import org.coldstart.tokenizer.ChatFormat;
import org.coldstart.tokenizer.DefaultChatTemplate;
import org.coldstart.tokenizer.Message;
import org.coldstart.tokenizer.Tokenizer;
import org.coldstart.train.SftConfig;

/** What a notebook does with its rows: how its model begins, what it learns of a row, and how it is asked. */
interface Recipe {

  /** A reply and what is thought of it; {@code wellFormed} and on are null where they mean nothing. */
  record Judged(String question, String expected, String reply, int tokens, boolean ended, Boolean wellFormed,
      Boolean exact, Boolean reasoningHolds) {}

  /** Names the runs. */
  String name();

  /** Folder of the rows. */
  String data();

  /** Gives the tokens, the template and the model's new rows. */
  void begin(Tokenizer tokenizer, CausalLm model, long seed);

  List<Example> examples(Tokenizer tokenizer, DataSet rows);

  /** The notebook's settings, epochs, seed and what saves and watches left out. */
  SftConfig.Builder config();

  List<Judged> ask(CausalLm model, Tokenizer tokenizer, DataSet questions);

  private static SftConfig.Builder wordProblems() {
    return SftConfig.builder().learningRate(3e-4).warmupRatio(0.1).perDeviceTrainBatchSize(16).groupByLength(true);
  }

  /** Notebook 04's: thoughts and answer between tags. */
  record Tags() implements Recipe {

    private static final String[] TAGS = ThinkAnswer.TOKENS.toArray(String[]::new);

    @Override
    public String name() {
      return "rows";
    }

    @Override
    public String data() {
      return "data/reasoning";
    }

    @Override
    public void begin(Tokenizer tokenizer, CausalLm model, long seed) {
      tokenizer.addTokens(TAGS);
      model.resizeTokenEmbeddings(tokenizer);
      String source = ChatFormat.of(tokenizer).startToken();
      model.embeddings(tokenizer).initialize(new EmbeddingInit.CloneWithNoise(source, 0.5, seed), TAGS);
    }

    @Override
    public List<Example> examples(Tokenizer tokenizer, DataSet rows) {
      return new ExampleBuilder(tokenizer).build(rows, ThinkAnswer::promptCompletion, 1024).examples();
    }

    @Override
    public SftConfig.Builder config() {
      return wordProblems();
    }

    @Override
    public List<Judged> ask(CausalLm model, Tokenizer tokenizer, DataSet questions) {
      return ReplyReport.of(new Generator(model, tokenizer), questions, Sampling.greedy(), 128)
        .replies()
        .stream()
        .map(it -> new Judged(it.instruction(), it.expected(), it.reply().text(), it.reply().ids().length,
            it.reply().ended(), it.wellFormed(), it.exact(), it.reasoningHolds()))
        .toList();
    }
  }

  /** Notebook 09's: a turn for thinking, its mark one token or plain text. */
  record Role(boolean token) implements Recipe {

    @Override
    public String name() {
      return token ? "role as token" : "role as text";
    }

    @Override
    public String data() {
      return "data/reasoning";
    }

    @Override
    public void begin(Tokenizer tokenizer, CausalLm model, long seed) {
      if (token) {
        String assistant = tokenizer.encode(ChatFormat.of(tokenizer).assistant(), false).tokens().get(0);
        tokenizer.addSpecialTokens(ReasoningRole.TOKEN);
        model.resizeTokenEmbeddings(tokenizer);
        model.embeddings(tokenizer)
          .initialize(new EmbeddingInit.CloneWithNoise(assistant, 0.5, seed), ReasoningRole.TOKEN);
      }
      ReasoningRole.prepareConversationTemplate(tokenizer);
    }

    @Override
    public List<Example> examples(Tokenizer tokenizer, DataSet rows) {
      return ReasoningRole.builder(tokenizer)
        .build(rows, row -> ReasoningRole.conversation(row, "instruction", "reasoning", "output"), 1024)
        .examples();
    }

    @Override
    public SftConfig.Builder config() {
      return wordProblems();
    }

    @Override
    public List<Judged> ask(CausalLm model, Tokenizer tokenizer, DataSet questions) {
      return ReasoningReport
        .of(new TwoPhaseGenerator(model, tokenizer), questions, "instruction", "output", Sampling.greedy(), 128)
        .replies()
        .stream()
        .map(it -> new Judged(it.question(), it.expected(),
            it.reply().reasoning().text() + "\n" + it.reply().answer().text(), it.reply().newTokens(),
            it.reply().reasoning().ended() && it.reply().answer().ended(), it.wellFormed(), it.exact(),
            it.reasoningHolds()))
        .toList();
    }
  }

  /** Notebook 07's: how to answer, in a template that the model never saw. */
  record Instruction() implements Recipe {

    @Override
    public String name() {
      return "instruction";
    }

    @Override
    public String data() {
      return "data/conversations";
    }

    @Override
    public void begin(Tokenizer tokenizer, CausalLm model, long seed) {
      DefaultChatTemplate.give(tokenizer);
    }

    @Override
    public List<Example> examples(Tokenizer tokenizer, DataSet rows) {
      return new ExampleBuilder(tokenizer).lossOn(LossOn.assistantTurns()).build(rows, 1024).examples();
    }

    @Override
    public SftConfig.Builder config() {
      return SftConfig.builder().learningRate(8e-5).perDeviceTrainBatchSize(1).gradientAccumulationSteps(8);
    }

    @Override
    public List<Judged> ask(CausalLm model, Tokenizer tokenizer, DataSet questions) {
      List<List<Message>> chats = questions.stream().map(Instruction::turns).toList();
      List<Generation> replies = Responses.generateAll(model, tokenizer,
          chats.stream().map(turns -> turns.subList(0, turns.size() - 1)).toList(), 100);
      return IntStream.range(0, replies.size()).mapToObj(i -> {
        List<Message> turns = chats.get(i);
        Generation reply = replies.get(i);
        return new Judged(turns.get(turns.size() - 2).content(), turns.get(turns.size() - 1).content(),
            reply.text().strip(), reply.ids().length, reply.ended(), null, null, null);
      }).toList();
    }

    private static List<Message> turns(DataRow row) {
      return Conversation.of(row).messages();
    }
  }
}
