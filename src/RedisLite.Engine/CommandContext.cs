using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RedisLite.Data;
using RedisLite.Data.Tables;
using RedisLite.Data.Values;
using RedisLite.Engine.Waiting;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using RedisLite.Protocol;

namespace RedisLite.Engine;

/// <summary>
/// All that a command handler sees: its arguments, the keys, the reply, and the four things it may say about what it did
/// (<see cref="Changed"/>, PropagateAs/Also/Nothing, <see cref="Block"/>, <see cref="Fail"/>).
///
/// One context exists per nesting level (a command; a command inside EXEC; redis.call inside a script) and is reused for every
/// request, as are its <see cref="Entry"/> objects: nothing here allocates in steady state. Argument spans live until the unit ends.
/// </summary>
internal sealed class CommandContext
{
    private enum Propagation
    {
        Request,
        Replaced,
        Nothing,
    }

    private byte[] buffer = [];
    private ArgSlice[] args = [];
    private int firstArg;
    private ulong hashOfArg1;
    private bool knowsHashOfArg1;
    private ulong hiddenArgs;
    private Entry[] entries = [];
    private int opened;
    private Propagation propagation;
    private byte[] scratch = new byte[512];
    private int scratchUsed;

    public CommandContext(Engine engine)
    {
        Engine = engine;
    }

    public Engine Engine { get; }

    public ServerConfig Config => Engine.Config;

    public Client Client { get; private set; } = null!;

    public CommandSpec Spec { get; private set; } = null!;

    public Database Db { get; private set; } = null!;

    /// <summary>Where the reply goes: the client's output, or a script's capture.</summary>
    public ReplyWriter Reply { get; private set; } = null!;

    /// <summary>Unix time in ms, frozen for the whole unit (rule 6).</summary>
    public long NowMs => Engine.Clock.NowMs;

    public int Argc { get; private set; }

    public long ArgumentBytes => ArgSlice.TotalLength(args.AsSpan(firstArg, Argc));

    public Random Random => Engine.Environment.Random;

    /// <summary>Number of changes so far.</summary>
    public long Dirty { get; private set; }

    /// <summary>Inside EXEC or a script: a blocking command answers at once.</summary>
    public bool MayNotBlock { get; private set; }

    public bool InTransaction { get; private set; }

    /// <summary>The handler asked to wait.</summary>
    public bool HasBlocked { get; private set; }

    /// <summary>Set while a blocked client's request is run again.</summary>
    public BlockedState? Rerun { get; private set; }

    /// <summary>Handles of keys or elements that a step of a walk found; cleared by whoever uses it.</summary>
    public HandleList Found { get; } = new();

    // ---- set up by the executor -------------------------------------------------------------------------------------

    public void Load(Client client, ReplyWriter reply, byte[] requestBuffer, ArgSlice[] requestArgs, int first, int argc)
    {
        // Most requests follow one of the same client, and storing a reference costs more than looking whether it is there.
        if (!ReferenceEquals(Client, client)) Client = client;
        if (!ReferenceEquals(Reply, reply)) Reply = reply;
        if (!ReferenceEquals(buffer, requestBuffer)) buffer = requestBuffer;
        if (!ReferenceEquals(args, requestArgs)) args = requestArgs;
        if (Rerun is not null) Rerun = null;
        firstArg = first;
        Argc = argc;
        knowsHashOfArg1 = false;
        MayNotBlock = InTransaction = false;
        var db = Engine.Databases[client.Db];
        if (!ReferenceEquals(Db, db)) Db = db;
    }

    public void LoadStored(Client client, ReplyWriter reply, StoredRequest request, bool inTransaction)
    {
        Load(client, reply, request.Buffer, request.Args, 0, request.Args.Length);
        MayNotBlock = InTransaction = inTransaction;
    }

    public void LoadScripted(Client client, byte[] requestBuffer, ArgSlice[] requestArgs, int argc)
    {
        Load(client, client.Reply, requestBuffer, requestArgs, 0, argc);
        MayNotBlock = true;
    }

    public void LoadBlocked(Client client, BlockedState state)
    {
        LoadStored(client, client.Reply, state.Request, inTransaction: false);
        Db = Engine.Databases[state.Db];
        Rerun = state;
    }

    public void SetHashOfArg1(ulong hash)
    {
        hashOfArg1 = hash;
        knowsHashOfArg1 = true;
    }

    /// <summary>Called by the executor just before the handler.</summary>
    public void Begin(CommandSpec spec)
    {
        if (!ReferenceEquals(Spec, spec)) Spec = spec;
        opened = 0;
        Dirty = 0;
        scratchUsed = 0;
        propagation = Propagation.Request;
        HasBlocked = false;
        hiddenArgs = 0;
    }

    /// <summary>Called by the executor just after the handler: what changed is propagated, as the request itself unless it said otherwise.</summary>
    public void End()
    {
        if (Dirty > 0 && propagation == Propagation.Request) PropagateRequest();
    }

    // ---- arguments --------------------------------------------------------------------------------------------------

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Arg(int i)
    {
        var slice = args[firstArg + i];
        return buffer.AsSpan(slice.Offset, slice.Length);
    }

    /// <summary>An argument as text, for messages and names (not for data).</summary>
    public string ArgText(int i) => System.Text.Encoding.UTF8.GetString(Arg(i));

    /// <summary>The argument is a secret: it is not to be shown in any log. Positions above 63 are shown by no log.</summary>
    public void HideArg(int i) => hiddenArgs |= i < 64 ? 1UL << i : 0;

    public bool IsHidden(int i) => (i < 64 && (hiddenArgs & (1UL << i)) != 0) || (i > 0 && Spec.Has(CommandFlags.Sensitive));

    public bool ArgIs(int i, ReadOnlySpan<byte> upperWord) => Ascii.EqualsIgnoreCase(Arg(i), upperWord);

    public ArgReader ArgsFrom(int first) => new(this, first);

    public bool TryInt64(int i, out long value, string onError = Errors.NotInteger)
    {
        if (NumberText.TryParseInt64(Arg(i), out value)) return true;
        Reply.Error(onError);
        return false;
    }

    public bool TryDouble(int i, out double value, string onError = Errors.NotFloat)
    {
        if (NumberText.TryParseDouble(Arg(i), out value)) return true;
        Reply.Error(onError);
        return false;
    }

    /// <summary>Reply an error; reads well as the last word of a handler.</summary>
    public void Fail(string error) => Reply.Error(error);

    /// <summary>What the container of the running subcommand answers when it cannot read the arguments.</summary>
    public string SubcommandSyntaxError => Errors.SubcommandSyntax(CommandGate.Shown(Arg(1), 128), Spec.Parent!.Name);

    /// <summary>More arguments than this subcommand takes, of those that its arity lets through: the error is replied.</summary>
    public bool HasMoreArgsThan(int most)
    {
        if (Argc > most) Fail(SubcommandSyntaxError);
        return Argc > most;
    }

    /// <summary>A copy that survives the removal or the move of the record the bytes came from. Valid until the command ends.</summary>
    public ReadOnlySpan<byte> Scratch(scoped ReadOnlySpan<byte> bytes)
    {
        var copy = Scratch(bytes.Length);
        bytes.CopyTo(copy);
        return copy;
    }

    public Span<byte> Scratch(int length)
    {
        if (scratchUsed + length > scratch.Length)
        {
            scratch = new byte[Math.Max(length, Math.Min(scratch.Length * 2, 64 * 1024))];    // spans handed out keep the old array alive
            scratchUsed = 0;
        }

        var span = scratch.AsSpan(scratchUsed, length);
        scratchUsed += length;
        return span;
    }

    // ---- keys: the one door -----------------------------------------------------------------------------------------

    /// <summary>The value of a key to read it; missing is a value too. False: it holds another type, the error is replied.</summary>
    public bool TryRead<T>(ReadOnlySpan<byte> key, out T value)
        where T : struct, IValue<T>
    {
        var entry = Read(key);
        value = T.Over(entry);
        return !entry.Exists || IsOfType(entry, T.Type);
    }

    /// <summary>The value of a key to change it. False: it holds another type, the error is replied.</summary>
    public bool TryWrite<T>(ReadOnlySpan<byte> key, out T value)
        where T : struct, IValue<T>
    {
        var entry = Write(key);
        value = T.Over(entry);
        return !entry.Exists || IsOfType(entry, T.Type);
    }

    /// <summary>A new, empty value under a key that is missing. Whoever creates puts something in.</summary>
    public T Create<T>(ReadOnlySpan<byte> key)
        where T : struct, IValue<T> => Create<T>(Db, key);

    public T Create<T>(Database db, ReadOnlySpan<byte> key)
        where T : struct, IValue<T>
    {
        var entry = NextEntry();
        db.Add(key, HashOf(key), T.EmptyKind, T.EmptySize, entry);
        var value = T.Over(entry);
        value.Initialize();
        OnCreated(db, key);
        return value;
    }

    /// <summary>A key of any type for reading: hit and miss are counted, LRU/LFU is touched. Check <see cref="Entry.Exists"/>.</summary>
    public Entry Read(ReadOnlySpan<byte> key)
    {
        var entry = NextEntry();
        if (Db.Find(this, key, HashOf(key), entry))
        {
            Engine.Stats.KeyspaceHits++;
            Touch(entry);
            return SameAsOpened(entry);
        }

        Engine.Stats.KeyspaceMisses++;
        entry.Reset();
        if (Engine.NotifiesMisses) Notify(KeyEvents.KeyMiss, key);
        return entry;
    }

    /// <summary>A key of any type for changing it (no hit or miss is counted).</summary>
    public Entry Write(ReadOnlySpan<byte> key) => Write(Db, key);

    public Entry Write(Database db, ReadOnlySpan<byte> key)
    {
        var entry = NextEntry();
        if (!db.Find(this, key, HashOf(key), entry))
        {
            entry.Reset();
            return entry;
        }

        Touch(entry);
        return SameAsOpened(entry);
    }

    /// <summary>Read without being a use of the key: hit or miss is counted, LRU/LFU is left alone. For TYPE, TTL, EXISTS, OBJECT.</summary>
    public Entry Look(ReadOnlySpan<byte> key, bool announceMiss = true)
    {
        var entry = Peek(key);
        if (entry.Exists)
        {
            Engine.Stats.KeyspaceHits++;
            return entry;
        }

        Engine.Stats.KeyspaceMisses++;
        if (announceMiss && Engine.NotifiesMisses) Notify(KeyEvents.KeyMiss, key);
        return entry;
    }

    /// <summary>Look without leaving a trace: no statistics, no LRU/LFU. For DEL, DEBUG and the like.</summary>
    public Entry Peek(ReadOnlySpan<byte> key)
    {
        var entry = NextEntry();
        if (!Db.Find(this, key, HashOf(key), entry)) entry.Reset();
        return SameAsOpened(entry);
    }

    /// <summary>Make room for a value of this kind under the key, replacing whatever was there. The expiry goes unless kept.</summary>
    public Entry Put(ReadOnlySpan<byte> key, Entry found, RecordKind kind, int valueLength, bool keepExpiry)
    {
        if (!found.Exists)
        {
            Db.Add(key, HashOf(key), kind, valueLength, found);
            OnCreated(Db, key);
            return found;
        }

        Db.Keys.Replace(found, kind, valueLength, keepExpiry);
        return found;
    }

    /// <summary>A string under the key, replacing whatever was there, stored as an integer when its text is one.</summary>
    public void PutString(ReadOnlySpan<byte> key, Entry found, ReadOnlySpan<byte> text, bool keepExpiry)
    {
        var kind = StringValue.KindFor(text, out var integer);
        var entry = Put(key, found, kind, StringValue.SizeFor(kind, text), keepExpiry);
        if (kind == RecordKind.Integer) BinaryPrimitives.WriteInt64LittleEndian(entry.MutableValue(), integer);
        else text.CopyTo(entry.MutableValue());
    }

    /// <summary>A number: in place when there is one already, its expiry stays.</summary>
    public void PutInteger(ReadOnlySpan<byte> key, Entry found, long value)
    {
        var entry = found.Exists ? found : Put(key, found, RecordKind.Integer, 8, keepExpiry: false);
        StringValue.Over(entry).SetInteger(value);
    }

    /// <summary>Forget the entries opened so far, in a command that goes through many keys one after another.</summary>
    public void CloseEntries() => opened = 0;

    /// <summary>Remove a key that was opened. Says nothing about it: follow with <see cref="Changed"/> or <see cref="KeyRemoved"/>.</summary>
    public void Remove(Entry entry) => entry.Space.Remove(entry);

    /// <summary>
    /// A new, empty value that no key holds yet: the result of a command that may overwrite one of its sources. It becomes a key by
    /// <see cref="StoreDraft"/> or goes by <see cref="DropDraft"/>. One at a time.
    /// </summary>
    public T Draft<T>()
        where T : struct, IValue<T>
    {
        DropDraft();
        var entry = NextEntry();
        Engine.Drafts.Insert(default, Engine.Heap.Hash(default), T.EmptyKind, T.EmptySize, entry);
        var value = T.Over(entry);
        value.Initialize();
        return value;
    }

    public void DropDraft()
    {
        var drafts = Engine.Drafts;
        if (drafts.Count == 0) return;
        var entry = NextEntry();
        if (drafts.Find(default, Engine.Heap.Hash(default), entry))
        {
            Forget(entry);
            drafts.Remove(entry);
        }
        entry.Reset();
    }

    /// <summary>The record is about to go: no other entry of this command may look at it.</summary>
    private void Forget(Entry doomed)
    {
        for (var i = 0; i < opened; i++)
            if (entries[i] != doomed && entries[i].Handle == doomed.Handle) entries[i].Reset();
    }

    /// <summary>The draft replaces what the key held; an empty one removes it. Says everything there is to say about the change.</summary>
    public void StoreDraft(Entry draft, ReadOnlySpan<byte> key, bool isEmpty, KeyEvent what)
    {
        var existing = NextEntry();
        var existed = Db.Find(this, key, HashOf(key), existing);
        if (existed)
        {
            Forget(existing);                                  // the destination may be one of the sources
            Db.Keys.Remove(existing);
        }
        existing.Reset();
        if (isEmpty)
        {
            DropDraft();
            CloseEntries();                 // one of them may be the old value of this key
            if (existed) Changed(key, KeyEvents.Del);
            return;
        }

        Engine.Drafts.Transfer(draft, Db.Keys, key, HashOf(key), existing);
        existing.Access = Engine.Access.Initial(NowMs);
        CloseEntries();
        if (!existed) OnCreated(Db, key);
        Changed(key, what);
    }

    /// <summary>Announce a key that came into being in another way than Create/Put (RENAME, COPY, RESTORE, MOVE).</summary>
    public void OnCreated(Database db, ReadOnlySpan<byte> key)
    {
        if (Engine.KeyEventClasses.HasFlag(NotifyClasses.New)) Engine.Notify(db.Index, KeyEvents.New, key);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong HashOf(ReadOnlySpan<byte> key)
    {
        if (knowsHashOfArg1 && Unsafe.AreSame(ref MemoryMarshal.GetReference(key), ref MemoryMarshal.GetReference(Arg(1)))
            && key.Length == args[firstArg + 1].Length)
        {
            return hashOfArg1;
        }

        return Engine.Heap.Hash(key);
    }

    private bool IsOfType(Entry entry, ValueType type)
    {
        if (entry.Type == type)
        {
            if (entry.Kind == RecordKind.HashTable) Engine.Heap.FieldHorizonMs = FieldExpiry.Horizon(this);
            return true;
        }

        Reply.Error(Errors.WrongType);
        return false;
    }

    private void Touch(Entry entry)
    {
        if (!Client.Has(ClientFlags.NoTouch)) Engine.Access.Touch(entry, NowMs);
    }

    /// <summary>An entry to open a key with that was found otherwise than by name (SCAN, RANDOMKEY).</summary>
    public Entry NextEntry()
    {
        if (opened == entries.Length)
        {
            Array.Resize(ref entries, Math.Max(4, entries.Length * 2));
            for (var i = opened; i < entries.Length; i++) entries[i] = new Entry();
        }

        return entries[opened++];
    }

    /// <summary>
    /// A key opened twice by one command (RPOPLPUSH a a) must be one Entry, or the second would hold a stale place after the first moved it.
    /// Looked for among the first few only: commands with many keys read them all before they write one.
    /// </summary>
    private Entry SameAsOpened(Entry entry)
    {
        for (var i = 0; i < opened - 1 && i < 8; i++)
        {
            if (!entries[i].Exists || entries[i].Handle != entry.Handle) continue;
            opened--;
            return entries[i];
        }

        return entry;
    }

    // ---- after a change ---------------------------------------------------------------------------------------------

    /// <summary>
    /// The one call after a change (rule 2): counts it, fails watchers, invalidates trackers, wakes blocked clients, sends the keyspace
    /// event, and removes the key when its collection became empty. A change that only takes away does not feed those who wait for the key.
    /// </summary>
    public void Changed(ReadOnlySpan<byte> key, KeyEvent what, long changes = 1, bool feeds = true) => Changed(Db, key, what, changes, feeds);

    public void Changed(Database db, ReadOnlySpan<byte> key, KeyEvent what, long changes = 1, bool feeds = true)
    {
        Dirty += changes;
        db.Watched.Touch(key);
        Engine.KeyChanged(Client, key);
        if (feeds && Engine.Blocked.KeyCount > 0) Engine.Blocked.Signal(db.Index, key);
        Engine.Notify(db.Index, what, key);
        RemoveIfEmpty(db, key);
    }

    /// <summary>A key that was removed: <see cref="Changed"/> for the part that does not count as one of the request's own changes.</summary>
    public void KeyRemoved(Database db, ReadOnlySpan<byte> key, KeyEvent what)
    {
        db.Watched.TouchRemoved(key);
        Engine.KeyChanged(by: null, key);
        if (Engine.Blocked.KeyCount > 0) Engine.Blocked.Signal(db.Index, key);
        Engine.Notify(db.Index, what, key);
    }

    /// <summary>
    /// More changes that are no change of a key's value: without a key (FLUSHALL, SWAPDB, SCRIPT LOAD, ACL), or of what the consumer groups of a stream
    /// keep, which neither fails watchers nor feeds whoever waits.
    /// </summary>
    public void CountChanges(long changes) => Dirty += changes;

    public void Notify(KeyEvent what, ReadOnlySpan<byte> key) => Engine.Notify(Db.Index, what, key);

    private void RemoveIfEmpty(Database db, ReadOnlySpan<byte> key)
    {
        for (var i = 0; i < opened; i++)
        {
            var entry = entries[i];
            if (!entry.Exists || !entry.IsEmptyCollection || !ReferenceEquals(entry.Space, db.Keys) || !entry.Key.SequenceEqual(key)) continue;
            db.Keys.Remove(entry);
            Engine.Notify(db.Index, KeyEvents.Del, key);
            return;
        }
    }

    // ---- propagation ------------------------------------------------------------------------------------------------

    /// <summary>Propagate this command instead of the request. Called again it adds one more.</summary>
    public EffectBuilder PropagateAs(ReadOnlySpan<byte> name)
    {
        propagation = Propagation.Replaced;
        return PropagateAlso(Db, name);
    }

    /// <summary>Propagate one more command, before the request.</summary>
    public EffectBuilder PropagateAlso(ReadOnlySpan<byte> name) => PropagateAlso(Db, name);

    public EffectBuilder PropagateAlso(Database db, ReadOnlySpan<byte> name)
    {
        if (!Engine.HasSinks) return default;
        Engine.HasAftermath = true;
        return Engine.Effects.Begin(db.Index, name);
    }

    /// <summary>The request has no effects of its own to propagate (its parts have been, or it is local).</summary>
    public void PropagateNothing() => propagation = Propagation.Nothing;

    /// <summary>Propagate the request even though nothing was counted as changed (FLUSHALL).</summary>
    public void PropagateRequestAnyway()
    {
        propagation = Propagation.Replaced;
        PropagateRequest();
    }

    /// <summary>A message changes no data: clients of replicas want it, a log has no use for it.</summary>
    public void PropagateMessage()
    {
        var targets = Engine.Effects.Targets;
        Engine.Effects.Targets &= EffectTargets.Replicas;
        PropagateRequestAnyway();
        Engine.Effects.Targets = targets;
    }

    /// <summary>A key was removed by expiry or eviction: the other copies are told with DEL or UNLINK.</summary>
    public void PropagateRemoval(Database db, ReadOnlySpan<byte> key, bool lazy) =>
        PropagateAlso(db, lazy ? "UNLINK"u8 : "DEL"u8).Arg(key);

    private void PropagateRequest()
    {
        if (!Engine.HasSinks) return;
        var effect = PropagateAlso(Db, Arg(0));
        for (var i = 1; i < Argc; i++) effect.Arg(Arg(i));
    }

    // ---- blocking ---------------------------------------------------------------------------------------------------

    /// <summary>
    /// Nothing to answer with yet: wait for one of the keys (arguments firstKey..lastKey), then run from the top again.
    /// In a transaction or a script the answer is "nothing", at once. A timeout of 0 ms means for ever.
    /// </summary>
    public void Block(ValueType type, int firstKey, int lastKey, long timeoutMs, BlockedNull onTimeout = BlockedNull.NullArray, bool serveOnRemoval = false)
    {
        if (MayNotBlock)
        {
            if (onTimeout == BlockedNull.NullArray) Reply.NullArray();
            else if (onTimeout == BlockedNull.Null) Reply.Null();
            else Reply.Integer(0);
            return;
        }

        HasBlocked = true;
        if (Rerun is not null) return;              // keeps its place and its deadline

        var state = new BlockedState
        {
            Request = StoredRequest.Copy(this),
            Db = Db.Index,
            Type = type,
            DeadlineMs = timeoutMs == 0 ? 0 : NowMs + timeoutMs,
            OnTimeout = onTimeout,
            ServeOnRemoval = serveOnRemoval,
            SinceMs = NowMs,
        };
        for (var i = firstKey; i <= lastKey; i++) state.Keys.Add(Arg(i).ToArray());
        Engine.Blocked.Block(Client, state);
    }

    /// <summary>After <see cref="Block"/>: the request that waits shall say this instead, because the argument means something else later (XREAD's <c>$</c>).</summary>
    public void SetBlockedArg(int i, ReadOnlySpan<byte> text)
    {
        if (HasBlocked && Rerun is null) Client.Blocked!.Request.SetArg(i, text);
    }

    // ---- session ----------------------------------------------------------------------------------------------------

    public void Select(int db)
    {
        Client.Db = db;
        Db = Engine.Databases[db];
    }
}
