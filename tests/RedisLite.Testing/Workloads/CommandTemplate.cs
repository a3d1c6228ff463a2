namespace RedisLite.Testing.Workloads;

/// <summary>
/// A command's grammar in one line, from which random requests are drawn:
/// <code>
/// SET {str} {val} [NX|XX] [GET] [EX {secs}|KEEPTTL]     [..] perhaps one of the alternatives
/// BITOP &lt;AND|OR&gt; {str} {str}                            &lt;..&gt; exactly one of them
/// MSET ({str} {val})+                                   (..)+ the sequence one to four times
/// </code>
/// A word in braces is drawn by <see cref="ValuePool"/>; any other word stands for itself.
/// </summary>
internal sealed class CommandTemplate
{
    private readonly Sequence _root;

    private CommandTemplate(Sequence root) => _root = root;

    public static CommandTemplate Parse(string text)
    {
        var position = 0;
        var root = ParseSequence(text, ref position);
        if (position != text.Length) throw new FormatException($"Unbalanced '{text[position]}' at {position} in: {text}");
        return new CommandTemplate(root);
    }

    public List<byte[]> Draw(Random random, ValuePool pool)
    {
        var words = new List<byte[]>();
        _root.Draw(random, pool, words);
        return words;
    }

    private static Sequence ParseSequence(string text, ref int position)
    {
        var parts = new List<Node>();
        while (position < text.Length && text[position] is not ('|' or ']' or '>' or ')'))
        {
            switch (text[position])
            {
                case ' ':
                    position++;
                    break;
                case '[':
                    parts.Add(new Choice(ParseAlternatives(text, ref position, ']'), IsOptional: true));
                    break;
                case '<':
                    parts.Add(new Choice(ParseAlternatives(text, ref position, '>'), IsOptional: false));
                    break;
                case '(':
                    var repeated = ParseAlternatives(text, ref position, ')');
                    if (position == text.Length || text[position++] != '+') throw new FormatException($"'+' expected at {position} in: {text}");
                    parts.Add(new Repetition(new Choice(repeated, IsOptional: false)));
                    break;
                default:
                    parts.Add(ParseWord(text, ref position));
                    break;
            }
        }

        return new Sequence(parts);
    }

    private static List<Sequence> ParseAlternatives(string text, ref int position, char close)
    {
        var alternatives = new List<Sequence>();
        do
        {
            position++;
            alternatives.Add(ParseSequence(text, ref position));
            if (position == text.Length) throw new FormatException($"'{close}' is missing in: {text}");
        }
        while (text[position] == '|');
        if (text[position++] != close) throw new FormatException($"'{close}' expected at {position} in: {text}");
        return alternatives;
    }

    private static Node ParseWord(string text, ref int position)
    {
        var start = position;
        if (text[position] == '{')
        {
            position = text.IndexOf('}', position) + 1;
            return new Hole(text[(start + 1)..(position - 1)]);
        }

        while (position < text.Length && !" |[]<>(){}".Contains(text[position])) position++;
        return new Word(CommandText.Bytes(text[start..position]));
    }

    private abstract record Node
    {
        public abstract void Draw(Random random, ValuePool pool, List<byte[]> words);
    }

    private sealed record Sequence(List<Node> Parts) : Node
    {
        public override void Draw(Random random, ValuePool pool, List<byte[]> words)
        {
            foreach (var part in Parts) part.Draw(random, pool, words);
        }
    }

    private sealed record Choice(List<Sequence> Alternatives, bool IsOptional) : Node
    {
        public override void Draw(Random random, ValuePool pool, List<byte[]> words)
        {
            if (IsOptional && random.Next(10) < 6) return;
            Alternatives[random.Next(Alternatives.Count)].Draw(random, pool, words);
        }
    }

    private sealed record Repetition(Node Body) : Node
    {
        public override void Draw(Random random, ValuePool pool, List<byte[]> words)
        {
            for (var times = random.Next(1, 5); times > 0; times--) Body.Draw(random, pool, words);
        }
    }

    private sealed record Word(byte[] Text) : Node
    {
        public override void Draw(Random random, ValuePool pool, List<byte[]> words) => words.Add(Text);
    }

    private sealed record Hole(string Name) : Node
    {
        public override void Draw(Random random, ValuePool pool, List<byte[]> words) => words.Add(pool.Draw(Name, random));
    }
}
