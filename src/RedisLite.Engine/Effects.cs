using System.Buffers.Binary;
using System.Text;

namespace RedisLite.Engine;

/// <summary>Where the effects of units go: the AOF, the replication backlog, a recorder in tests.</summary>
internal interface IEffectSink
{
    /// <summary>One execution unit's effects, whole. Two or more commands form one MULTI/EXEC. The unit's memory is reused afterwards.</summary>
    void Append(Effects unit);
}

/// <summary>Who receives an effect: all, unless a script asked for less (redis.set_repl). The bits are those of the script API.</summary>
[Flags]
internal enum EffectTargets : byte
{
    None = 0,
    Aof = 1,
    Replicas = 2,
    All = Aof | Replicas,
}

/// <summary>
/// The effects of one execution unit (a command, a transaction, a script, a served blocked client, one expiry): the commands that
/// bring another copy of the data set to the same state. Handlers only describe them; the executor hands them to every sink once,
/// so an AOF and a replica cannot disagree. Commands lie in one reused buffer: [argc][len bytes]… and a row per command.
/// </summary>
internal sealed class Effects
{
    private byte[] buffer = new byte[4096];
    private int length;
    private Row[] rows = new Row[16];
    private int openArgcAt = -1;

    private record struct Row(int Offset, int Db, EffectTargets Targets);

    public int Count { get; private set; }

    /// <summary>Of the effects that are added from now on.</summary>
    public EffectTargets Targets { get; set; } = EffectTargets.All;

    public void Clear()
    {
        Count = 0;
        length = 0;
        openArgcAt = -1;
        if (buffer.Length > 1 << 20) buffer = new byte[4096];
    }

    public int Db(int command) => rows[command].Db;

    public bool Reaches(int command, EffectTargets target) => (rows[command].Targets & target) != 0;

    /// <summary>How many of the commands go there.</summary>
    public int CountFor(EffectTargets target)
    {
        var count = 0;
        for (var i = 0; i < Count; i++)
        {
            if (Reaches(i, target)) count++;
        }

        return count;
    }

    public int Argc(int command) => BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(rows[command].Offset));

    /// <summary>Arguments of a command in order.</summary>
    public ArgEnumerator ArgsOf(int command) => new(buffer, rows[command].Offset);

    /// <summary>Open a new command; arguments follow through the returned builder.</summary>
    public EffectBuilder Begin(int db, ReadOnlySpan<byte> name)
    {
        if (Count == rows.Length) Array.Resize(ref rows, rows.Length * 2);
        rows[Count++] = new Row(length, db, Targets);
        openArgcAt = length;
        Reserve(4);
        BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(length), 0);
        length += 4;
        AppendArg(name);
        return new EffectBuilder(this);
    }

    /// <summary>Forget commands from the given index on (a handler's PropagateAs that is replaced).</summary>
    public void Truncate(int count)
    {
        if (count >= Count) return;
        length = rows[count].Offset;
        Count = count;
    }

    internal void AppendArg(scoped ReadOnlySpan<byte> arg)
    {
        Reserve(4 + arg.Length);
        BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(length), arg.Length);
        arg.CopyTo(buffer.AsSpan(length + 4));
        length += 4 + arg.Length;
        var argc = buffer.AsSpan(openArgcAt);
        BinaryPrimitives.WriteInt32LittleEndian(argc, BinaryPrimitives.ReadInt32LittleEndian(argc) + 1);
    }

    private void Reserve(int bytes)
    {
        if (length + bytes > buffer.Length) Array.Resize(ref buffer, Math.Max(buffer.Length * 2, length + bytes));
    }

    internal ref struct ArgEnumerator
    {
        private readonly byte[] buffer;
        private int at;
        private int left;

        public ArgEnumerator(byte[] buffer, int offset)
        {
            this.buffer = buffer;
            left = BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(offset));
            at = offset + 4;
        }

        public ReadOnlySpan<byte> Current { get; private set; }

        public readonly ArgEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (left-- == 0) return false;
            var size = BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(at));
            Current = buffer.AsSpan(at + 4, size);
            at += 4 + size;
            return true;
        }
    }
}

/// <summary>Adds arguments to the effect that was just opened.</summary>
internal readonly ref struct EffectBuilder
{
    private readonly Effects? effects;

    public EffectBuilder(Effects? effects) => this.effects = effects;

    /// <summary>Nobody wants effects: what would cost something to say need not be said.</summary>
    public bool IsNone => effects is null;

    public EffectBuilder Arg(scoped ReadOnlySpan<byte> arg)
    {
        effects?.AppendArg(arg);
        return this;
    }

    public EffectBuilder Arg(long number)
    {
        if (effects is null) return this;
        Span<byte> text = stackalloc byte[20];
        number.TryFormat(text, out var written);
        effects.AppendArg(text[..written]);
        return this;
    }

    public EffectBuilder Arg(string text)
    {
        effects?.AppendArg(Encoding.UTF8.GetBytes(text));
        return this;
    }
}
