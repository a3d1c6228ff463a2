using System.Buffers.Binary;
using System.Text;

namespace RedisLite.Engine;

/// <summary>
/// All commands of one server: find by the bytes of a request, list, rename. Tests build their own from any rows.
/// Ids are dense and follow the order of registration, a container before its subcommands; <see cref="Freeze"/> ends registration.
/// </summary>
internal sealed class CommandTable
{
    private readonly List<CommandSpec> topLevel = [];
    private readonly List<CommandSpec> all = [];
    private readonly Dictionary<string, CommandSpec> byFullName = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<CommandSpec, string?> renamed = [];
    private readonly HashSet<CommandSpec> disabled = [];
    private CommandIndex index = new([]);

    /// <summary>Commands without their subcommands, in order of registration.</summary>
    public IReadOnlyList<CommandSpec> TopLevel => topLevel;

    /// <summary>Commands and subcommands; the position is the Id.</summary>
    public IReadOnlyList<CommandSpec> All => all;

    public bool IsFrozen { get; private set; }

    /// <summary>Commands that a client can call now: TopLevel without those that a rename removed or a list disables.</summary>
    public IReadOnlyList<CommandSpec> Live { get; private set; } = [];

    public int Count => Live.Count;

    public CommandTable Add(string group, params ReadOnlySpan<CommandSpec> rows)
    {
        if (IsFrozen) throw new InvalidOperationException("The command table is frozen");
        foreach (var row in rows)
        {
            topLevel.Add(row);
            Register(row, group);
            foreach (var sub in row.Subcommands) Register(sub, row.Group);
        }
        return this;
    }

    private void Register(CommandSpec spec, string group)
    {
        if (!byFullName.TryAdd(spec.FullName, spec)) throw new InvalidOperationException($"Two rows for {spec.FullName}");
        if (spec.Group.Length == 0) spec.Group = group;
        spec.Id = all.Count;
        all.Add(spec);
    }

    public CommandTable Freeze()
    {
        IsFrozen = true;
        Reindex();
        return this;
    }

    /// <summary>The hot path: one look-up per request, in any case of letters, no allocation.</summary>
    public CommandSpec? Find(ReadOnlySpan<byte> name) => index.Find(name);

    /// <summary>By the name it was born with, "get" or "config|set", whatever it is called now: ACL rules and COMMAND INFO speak so.</summary>
    public CommandSpec? FindOriginal(string fullName) => byFullName.GetValueOrDefault(fullName);

    public CommandSpec? FindOriginal(ReadOnlySpan<byte> fullName) => byFullName.GetValueOrDefault(Encoding.Latin1.GetString(fullName));

    /// <summary>"container|subcommand" or a plain name, under the names of today.</summary>
    public CommandSpec? FindPath(ReadOnlySpan<byte> path)
    {
        var bar = path.IndexOf((byte)'|');
        return bar < 0 ? Find(path) : Find(path[..bar])?.FindSubcommand(path[(bar + 1)..]);
    }

    /// <summary>
    /// rename-command: an empty target removes the command. Returns the reason why not, or null. Names are bytes; they come here as Latin-1.
    /// </summary>
    public string? Rename(string from, string to)
    {
        var spec = Find(Encoding.Latin1.GetBytes(from));
        if (spec is null) return "No such command in rename-command";
        if (to.Length > 0 && Find(Encoding.Latin1.GetBytes(to)) is not null) return "Target command name already exists";

        renamed[spec] = to.Length == 0 ? null : to;
        Reindex();
        return null;
    }

    /// <summary>disable-command-list: these commands, under the names of today, are unknown to clients until another list comes. Returns the reason why not, or null.</summary>
    public string? Disable(ReadOnlySpan<string> names)
    {
        var wanted = new HashSet<CommandSpec>();
        foreach (var name in names)
        {
            if (topLevel.Find(spec => name.Equals(CurrentName(spec), StringComparison.OrdinalIgnoreCase)) is not { } spec) return $"unknown command '{name}'";
            wanted.Add(spec);
        }

        if (disabled.SetEquals(wanted)) return null;
        disabled.Clear();
        disabled.UnionWith(wanted);
        Reindex();
        return null;
    }

    /// <summary>A command that is hidden from clients, but not from logs of writes made before it was.</summary>
    public CommandSpec? FindDisabled(ReadOnlySpan<byte> name)
    {
        var text = Encoding.Latin1.GetString(name);
        foreach (var spec in disabled)
        {
            if (text.Equals(CurrentName(spec), StringComparison.OrdinalIgnoreCase)) return spec;
        }
        return null;
    }

    /// <summary>The name a client calls it by now; null when it was removed.</summary>
    public string? CurrentName(CommandSpec spec) => renamed.TryGetValue(spec, out var name) ? name : spec.Name;

    private void Reindex()
    {
        var live = topLevel.FindAll(spec => CurrentName(spec) is not null && !disabled.Contains(spec));
        Live = live;
        index = new CommandIndex(live.ToArray(), spec => CurrentName(spec)!);
    }
}

/// <summary>
/// Finds a command by name, letters in either case. A name is looked at as its first and its last eight bytes (they overlap when it is
/// shorter), two numbers: both are hashed with the case bit set everywhere, and compared with the case bit set exactly where the wanted name
/// has a letter, which makes the comparison exact. Only names above 16 bytes need a look at their middle.
/// Open addressing at a quarter load; the multiplier is chosen at build time to have the fewest second probes.
/// </summary>
internal sealed class CommandIndex
{
    private const ulong CaseBits = 0x2020_2020_2020_2020;

    private struct Entry
    {
        public ulong Head, HeadCase, Tail, TailCase;
        public int Length;
        public byte[] Name;
        public CommandSpec Spec;
    }

    private readonly Entry[] entries;
    private readonly short[] slots;
    private readonly ulong multiplier;
    private readonly int shift;

    public CommandIndex(CommandSpec[] specs, Func<CommandSpec, string>? nameOf = null)
    {
        entries = new Entry[specs.Length];
        for (var i = 0; i < specs.Length; i++) entries[i] = EntryOf(specs[i], nameOf is null ? specs[i].Name : nameOf(specs[i]));

        var bits = 2;
        while (1 << bits < specs.Length * 4) bits++;
        shift = 64 - bits;
        (multiplier, slots) = BestLayout(1 << bits);
    }

    public CommandSpec? Find(ReadOnlySpan<byte> name)
    {
        ulong head, tail;
        if (name.Length >= 8)
        {
            head = BinaryPrimitives.ReadUInt64LittleEndian(name);
            tail = BinaryPrimitives.ReadUInt64LittleEndian(name[(name.Length - 8)..]);
        }
        else
        {
            head = ReadShort(name);
            tail = 0;
        }

        var mask = slots.Length - 1;
        for (var slot = SlotOf(head, tail, name.Length, multiplier); ; slot = (slot + 1) & mask)
        {
            var number = slots[slot];
            if (number < 0) return null;
            ref readonly var entry = ref entries[number];
            if ((head | entry.HeadCase) != entry.Head || (tail | entry.TailCase) != entry.Tail || entry.Length != name.Length) continue;
            if (name.Length <= 16 || SameMiddle(name, entry.Name)) return entry.Spec;
        }
    }

    private static bool SameMiddle(ReadOnlySpan<byte> name, byte[] folded)
    {
        for (var i = 8; i < name.Length - 8; i++)
        {
            var given = name[i];
            if (char.IsAsciiLetterUpper((char)given)) given |= 0x20;
            if (given != folded[i]) return false;
        }
        return true;
    }

    private static ulong ReadShort(ReadOnlySpan<byte> name)
    {
        if (name.Length >= 4)
        {
            ulong first = BinaryPrimitives.ReadUInt32LittleEndian(name);
            ulong last = BinaryPrimitives.ReadUInt32LittleEndian(name[(name.Length - 4)..]);
            return first | (last << ((name.Length - 4) * 8));
        }

        ulong value = 0;
        for (var i = 0; i < name.Length; i++) value |= (ulong)name[i] << (i * 8);
        return value;
    }

    private int SlotOf(ulong head, ulong tail, int length, ulong factor)
    {
        var mixed = (head | CaseBits) * factor ^ ((tail | CaseBits) + (ulong)length) * 0x9E37_79B9_7F4A_7C15;
        return (int)((mixed ^ mixed >> 32) * factor >> shift);
    }

    private static Entry EntryOf(CommandSpec spec, string name)
    {
        var bytes = Encoding.Latin1.GetBytes(name);
        var folded = new byte[bytes.Length];
        var letters = new byte[bytes.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            letters[i] = char.IsAsciiLetter((char)bytes[i]) ? (byte)0x20 : (byte)0;
            folded[i] = (byte)(bytes[i] | letters[i]);
        }

        var isLong = bytes.Length >= 8;
        return new Entry
        {
            Head = isLong ? BinaryPrimitives.ReadUInt64LittleEndian(folded) : ReadShort(folded),
            HeadCase = isLong ? BinaryPrimitives.ReadUInt64LittleEndian(letters) : ReadShort(letters),
            Tail = isLong ? BinaryPrimitives.ReadUInt64LittleEndian(folded.AsSpan(folded.Length - 8)) : 0,
            TailCase = isLong ? BinaryPrimitives.ReadUInt64LittleEndian(letters.AsSpan(letters.Length - 8)) : 0,
            Length = bytes.Length,
            Name = folded,
            Spec = spec,
        };
    }

    private (ulong Multiplier, short[] Slots) BestLayout(int size)
    {
        (int Cost, ulong Factor, short[] Layout) best = (int.MaxValue, 0, []);
        for (var attempt = 1; attempt <= 16 && best.Cost > 0; attempt++)
        {
            var factor = 0xD6E8_FEB8_6659_FD93 * (ulong)(2 * attempt + 1);
            var layout = new short[size];
            Array.Fill(layout, (short)-1);
            var cost = 0;
            for (var i = 0; i < entries.Length; i++)
            {
                var slot = SlotOf(entries[i].Head, entries[i].Tail, entries[i].Length, factor);
                for (; layout[slot] >= 0; slot = (slot + 1) & (size - 1)) cost++;
                layout[slot] = (short)i;
            }
            if (cost < best.Cost) best = (cost, factor, layout);
        }
        return (best.Factor, best.Layout);
    }
}
