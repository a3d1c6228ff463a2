using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// SORT and SORT_RO: the elements of a list, set or sorted set in order of themselves or of what other keys hold. All elements are copied first
/// (<see cref="SortRows"/>), because looking at other keys may move or expire records.
/// </summary>
internal static class SortCommands
{
    private static readonly KeyEvent SortStoreEvent = new(NotifyClasses.List, "sortstore");

    private const string Options =
        "key [BY <by-pattern: pattern#1>] [LIMIT <limit: offset count>] [GET <get-pattern: pattern#1> [GET pattern ...]] [order: ASC | DESC] [sorting: ALPHA]";

    private ref struct Query
    {
        /// <summary>The weight of an element is what this names; empty = the element itself.</summary>
        public ReadOnlySpan<byte> By;

        /// <summary>BY without an asterisk names no weight at all: the elements stay as they are.</summary>
        public bool KeepsOrder;
        public bool Descending;
        public bool Alpha;
        public long Offset;
        public long Limit;

        /// <summary>Arguments that are GET patterns.</summary>
        public List<int>? Gets;

        /// <summary>The argument that is the key to store under; 0 = reply.</summary>
        public int StoreAt;
    }

    public static CommandSpec[] Table() =>
    [
        new("SORT", -2, Sort, Write | DenyOom, Options + " [STORE destination#2]")
        { Keys = [KeySpec.At(1, RO | Access), KeySpec.Unknown(RO | Access), KeySpec.Unknown(OW | Update)], KeyFinder = CommandKeys.OfSort,
          Acl = AclCategory.Set | AclCategory.SortedSet | AclCategory.List | AclCategory.Dangerous, Since = "1.0.0",
          Summary = "Gives or stores the elements of a list, set or sorted set in order.",
          Complexity = "O(N+M*log(M)) with N elements in the collection and M of them given back; O(N) where nothing is sorted" },
        new("SORT_RO", -2, SortRo, ReadOnly, Options)
        { Keys = [KeySpec.At(1, RO | Access), KeySpec.Unknown(RO | Access)], KeyFinder = CommandKeys.OfSortRo,
          Acl = AclCategory.Set | AclCategory.SortedSet | AclCategory.List | AclCategory.Dangerous, Since = "7.0.0",
          Summary = "Gives the elements of a list, set or sorted set in order.",
          Complexity = "O(N+M*log(M)) with N elements in the collection and M of them given back; O(N) where nothing is sorted" },
    ];

    private static void Sort(CommandContext ctx) => Run(ctx, mayStore: true);

    private static void SortRo(CommandContext ctx) => Run(ctx, mayStore: false);

    private static void Run(CommandContext ctx, bool mayStore)
    {
        if (!TryParse(ctx, mayStore, out var query)) return;
        var source = ctx.Read(ctx.Arg(1));
        if (source.Exists && source.Type is not (ValueType.List or ValueType.Set or ValueType.ZSet))
        {
            ctx.Fail(Errors.WrongType);
            return;
        }

        // A set has no order of its own, so what a script or another key gets of it is sorted after all: every copy of the data set must get the same.
        var isKept = query.StoreAt > 0 || ctx.Client.Has(ClientFlags.Script);
        if (query.KeepsOrder && isKept && source.Exists && source.Type == ValueType.Set)
        {
            query.KeepsOrder = false;
            query.Alpha = true;
            query.By = default;
        }

        var rows = new SortRows();
        if (TryLoad(ctx, source, query, ref rows, out var first, out var count))
        {
            if (query.StoreAt > 0) Store(ctx, query, ref rows, first, count);
            else ReplyRows(ctx, query, ref rows, first, count);
        }

        rows.Drop();
    }

    // ---- the request ------------------------------------------------------------------------------------------------

    private static bool TryParse(CommandContext ctx, bool mayStore, out Query query)
    {
        query = new Query { Limit = -1 };
        var args = ctx.ArgsFrom(2);
        while (args.More)
        {
            var left = args.Left;
            if (args.Take("ASC"u8)) query.Descending = false;
            else if (args.Take("DESC"u8)) query.Descending = true;
            else if (args.Take("ALPHA"u8)) query.Alpha = true;
            else if (left > 2 && args.Take("LIMIT"u8))
            {
                query.Offset = args.NextInt64();
                query.Limit = args.NextInt64();
            }
            else if (mayStore && left > 1 && args.Take("STORE"u8))
            {
                query.StoreAt = args.Position;
                args.Next();
            }
            else if (left > 1 && args.Take("BY"u8))
            {
                query.By = args.Next();
                if (!query.By.Contains((byte)'*')) query.KeepsOrder = true;
                else if (!ctx.Engine.Accounts.MayReadEveryKey(ctx)) args.Fail("ERR BY option of SORT denied due to insufficient ACL permissions.");
            }
            else if (left > 1 && args.Take("GET"u8))
            {
                (query.Gets ??= []).Add(args.Position);
                args.Next();
                if (!ctx.Engine.Accounts.MayReadEveryKey(ctx)) args.Fail("ERR GET option of SORT denied due to insufficient ACL permissions.");
            }
            else args.Unexpected();
        }

        return !args.Failed();
    }

    // ---- the elements -----------------------------------------------------------------------------------------------

    /// <summary>Fills in the rows; the result are <paramref name="count"/> of them from <paramref name="first"/> on. False: an error has been replied.</summary>
    private static bool TryLoad(CommandContext ctx, Entry source, scoped in Query query, ref SortRows rows, out int first, out int count)
    {
        var total = !source.Exists ? 0 : source.Type switch
        {
            ValueType.List => ListValue.Over(source).Count,
            ValueType.Set => SetValue.Over(source).Count,
            _ => ZSetValue.Over(source).Count,
        };
        (first, count) = Window(query, total);
        if (total > 0 && source.Type == ValueType.ZSet) ZSetValue.Over(source).BecomeBig();         // sorting leaves a "skiplist" behind in Redis
        if (total == 0 || (query.KeepsOrder && count == 0)) return true;
        if (query.KeepsOrder && source.Type != ValueType.Set)
        {
            LoadInOrder(source, query.Descending ? total - 1 - first : first, count, query.Descending, ref rows);
            first = 0;
            return true;
        }

        LoadAll(source, total, ref rows);
        if (query.KeepsOrder) return true;
        if (!TryWeigh(ctx, query, ref rows))
        {
            ctx.Fail("ERR One or more scores can't be converted into double");
            return false;
        }

        if (count > 0) rows.Sort(query.Alpha, hasWeights: !query.By.IsEmpty, query.Descending, asBytes: query.StoreAt > 0, first, count);
        return true;
    }

    private static (int First, int Count) Window(scoped in Query query, long total)
    {
        var first = Math.Clamp(query.Offset, 0, total);
        var count = query.Limit < 0 ? total - first : Math.Min(query.Limit, total - first);
        return ((int)first, (int)count);
    }

    private static void LoadAll(Entry source, long total, ref SortRows rows)
    {
        if (source.Type != ValueType.Set) LoadInOrder(source, 0, total, descending: false, ref rows);
        else
        {
            for (var walk = SetValue.Over(source).Walk(); walk.MoveNext();) rows.Add(walk.Current);
        }
    }

    private static void LoadInOrder(Entry source, long first, long count, bool descending, ref SortRows rows)
    {
        if (source.Type == ValueType.List)
        {
            var walk = ListValue.Over(source).Walk(first);
            while (count-- > 0 && (descending ? walk.MovePrevious() : walk.MoveNext())) rows.Add(walk.Current);
        }
        else
        {
            var walk = ZSetValue.Over(source).Walk(first);
            while (count-- > 0 && (descending ? walk.MovePrevious() : walk.MoveNext())) rows.Add(walk.Member);
        }
    }

    /// <summary>False: a weight is no number.</summary>
    private static bool TryWeigh(CommandContext ctx, scoped in Query query, ref SortRows rows)
    {
        if (query.By.IsEmpty) return query.Alpha || rows.TryWeighThemselves();
        Span<byte> scratch = stackalloc byte[StringValue.ScratchMax];
        var areNumbers = true;
        for (var i = 0; i < rows.Count; i++)
        {
            var isThere = TryLookUp(ctx, query.By, ref rows, i, scratch, out var weight);
            if (query.Alpha) rows.SetWeight(i, isThere, weight);
            else if (isThere) areNumbers &= rows.TrySetWeight(i, weight);        // all are looked up, as in Redis: hits, misses and their events
        }

        return areNumbers;
    }

    /// <summary>
    /// What a pattern names for an element: the first asterisk becomes the element, and "->field" behind it asks for a field of a hash. "#" is the element
    /// itself. False: there is no such key, field or asterisk, or it is of another type.
    /// </summary>
    private static bool TryLookUp(CommandContext ctx, ReadOnlySpan<byte> pattern, ref SortRows rows, int row, Span<byte> scratch, out ReadOnlySpan<byte> value)
    {
        value = rows.Text(row);
        if (pattern is [(byte)'#']) return true;
        value = default;
        var asterisk = pattern.IndexOf((byte)'*');
        if (asterisk < 0) return false;

        var field = default(ReadOnlySpan<byte>);
        var tail = pattern[(asterisk + 1)..];
        var arrow = tail.IndexOf("->"u8);
        if (arrow >= 0 && arrow + 2 < tail.Length)
        {
            field = tail[(arrow + 2)..];
            tail = tail[..arrow];
        }

        ctx.CloseEntries();
        var entry = ctx.Read(rows.Compose(pattern[..asterisk], row, tail));
        if (!entry.Exists) return false;
        if (!field.IsEmpty) return entry.Type == ValueType.Hash && HashValue.Over(entry).TryGet(field, scratch, out value);
        if (entry.Type != ValueType.String) return false;
        value = StringValue.Over(entry).Get(scratch);
        return true;
    }

    // ---- the result -------------------------------------------------------------------------------------------------

    private static void ReplyRows(CommandContext ctx, scoped in Query query, ref SortRows rows, int first, int count)
    {
        var columns = query.Gets?.Count ?? 0;
        ctx.Reply.Array((long)count * Math.Max(1, columns));
        Span<byte> scratch = stackalloc byte[StringValue.ScratchMax];
        for (var i = first; i < first + count; i++)
        {
            if (columns == 0) ctx.Reply.Bulk(rows.Text(i));
            for (var column = 0; column < columns; column++)
            {
                if (TryLookUp(ctx, ctx.Arg(query.Gets![column]), ref rows, i, scratch, out var value)) ctx.Reply.Bulk(value);
                else ctx.Reply.Null();
            }
        }
    }

    /// <summary>What GET does not find is stored as an empty string.</summary>
    private static void Store(CommandContext ctx, scoped in Query query, ref SortRows rows, int first, int count)
    {
        var columns = query.Gets?.Count ?? 0;
        var found = new SortRows();                             // looked up before anything is written
        Span<byte> scratch = stackalloc byte[StringValue.ScratchMax];
        for (var i = first; i < first + count; i++)
        {
            for (var column = 0; column < columns; column++)
            {
                TryLookUp(ctx, ctx.Arg(query.Gets![column]), ref rows, i, scratch, out var value);
                found.Add(value);
            }
        }

        ctx.CloseEntries();
        var list = ctx.Draft<ListValue>();
        var builder = new ListBuilder(list);
        var total = columns == 0 ? count : found.Count;
        for (var i = 0; i < total; i++) builder.Add(columns == 0 ? rows.Text(first + i) : found.Text(i));
        builder.Finish();
        ctx.StoreDraft(list.Entry, ctx.Arg(query.StoreAt), isEmpty: total == 0, SortStoreEvent);
        if (total > 1) ctx.CountChanges(total - 1);
        ctx.Reply.Integer(total);
        found.Drop();
    }
}
