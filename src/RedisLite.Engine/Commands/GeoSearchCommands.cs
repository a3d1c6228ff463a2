using System.Buffers;
using RedisLite.Data;
using RedisLite.Data.Encodings;
using RedisLite.Data.Geo;
using RedisLite.Data.Values;
using RedisLite.Engine.Config;
using RedisLite.Engine.Databases;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// Members inside a circle or a box: GEOSEARCH, GEOSEARCHSTORE, and the four older GEORADIUS commands, which are the same search in another spelling. The
/// members of a few cells of the grid (<see cref="GeoShape.Cells"/>) are ranges of scores; each is decoded and measured.
/// </summary>
internal static class GeoSearchCommands
{
    private static readonly KeyEvent SearchStoreEvent = new(NotifyClasses.ZSet, "geosearchstore");
    private static readonly KeyEvent RadiusStoreEvent = new(NotifyClasses.ZSet, "georadiusstore");

    private const string RadiusOptions =
        "[withcoord: WITHCOORD] [withdist: WITHDIST] [withhash: WITHHASH] [count-block: COUNT count [ANY@6.2.0]] [order: ASC | DESC]";

    private const string MemberOptions =
        "[withcoord: WITHCOORD] [withdist: WITHDIST] [withhash: WITHHASH] [count-block: COUNT count [ANY]] [order: ASC | DESC]";

    private const string Store = " [store: STORE <storekey: key> | STOREDIST <storedistkey: key>]";
    private const string Unit = "<unit: M | KM | FT | MI>";

    private const string Where =
        "<from: FROMMEMBER member | FROMLONLAT <fromlonlat: longitude latitude>> <by: <circle: BYRADIUS radius " + Unit
        + "> | <box: BYBOX width height " + Unit + ">> [order: ASC | DESC] [count-block: COUNT count [ANY]]";

    private const string SearchComplexity =
        "O(N+log(M)) with N members in the cells around the shape and M in the sorted set";

    private enum From
    {
        Nothing,
        Member,
        Position,
    }

    private enum By
    {
        Nothing,
        Radius,
        Box,
    }

    private enum Order
    {
        None,
        Nearest,
        Farthest,
    }

    /// <summary>What is asked for, as the request says it.</summary>
    private ref struct Query
    {
        public From From;
        public GeoPosition Center;
        public By By;
        public double Width;
        public double Height;
        public double Unit;
        public Order Order;
        public long Count;
        public bool Any;
        public bool WithCoord;
        public bool WithDist;
        public bool WithHash;
        public bool StoresDistance;

        /// <summary>The argument that is the key to store under; 0 = reply.</summary>
        public int StoreAt;

        public readonly GeoShape Shape => By == By.Box ? GeoShape.Box(Center, Width, Height, Unit) : GeoShape.Circle(Center, Width, Unit);

        public readonly bool HasColumns => WithCoord || WithDist || WithHash;
    }

    /// <summary>A member inside the shape. Distance is in metres.</summary>
    private readonly record struct Hit(ulong Place, double Score, double Distance, GeoPosition Position);

    private readonly struct ByDistance(Order order) : IOrder<Hit>
    {
        public int Compare(in Hit a, in Hit b) => order == Order.Nearest ? a.Distance.CompareTo(b.Distance) : b.Distance.CompareTo(a.Distance);
    }

    public static CommandSpec[] Table() =>
    [
        new("GEORADIUS", -6, GeoRadius, Write | DenyOom, "key longitude latitude radius " + Unit + " " + RadiusOptions + Store)
        { Keys = [KeySpec.At(1, RO | Access), KeySpec.After("STORE", 6, OW | Update), KeySpec.After("STOREDIST", 6, OW | Update)],
          Acl = AclCategory.Geo, Since = "3.2.0", DeprecatedSince = "6.2.0", ReplacedBy = "GEOSEARCH and GEOSEARCHSTORE with BYRADIUS",
          Summary = "Gives or stores the members within a distance of a place.", Complexity = SearchComplexity },
        new("GEORADIUS_RO", -6, GeoRadiusRo, ReadOnly, "key longitude latitude radius " + Unit + " " + RadiusOptions)
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Geo, Since = "3.2.10", DeprecatedSince = "6.2.0", ReplacedBy = "GEOSEARCH with BYRADIUS",
          Summary = "Gives the members within a distance of a place.", Complexity = SearchComplexity },
        new("GEORADIUSBYMEMBER", -5, GeoRadiusByMember, Write | DenyOom, "key member radius " + Unit + " " + MemberOptions + Store)
        { Keys = [KeySpec.At(1, RO | Access), KeySpec.After("STORE", 5, OW | Update), KeySpec.After("STOREDIST", 5, OW | Update)],
          Acl = AclCategory.Geo, Since = "3.2.0", DeprecatedSince = "6.2.0", ReplacedBy = "GEOSEARCH and GEOSEARCHSTORE with FROMMEMBER and BYRADIUS",
          Summary = "Gives or stores the members within a distance of another member.", Complexity = SearchComplexity },
        new("GEORADIUSBYMEMBER_RO", -5, GeoRadiusByMemberRo, ReadOnly, "key member radius " + Unit + " " + MemberOptions)
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Geo, Since = "3.2.10", DeprecatedSince = "6.2.0",
          ReplacedBy = "GEOSEARCH with FROMMEMBER and BYRADIUS", Summary = "Gives the members within a distance of another member.",
          Complexity = SearchComplexity },
        new("GEOSEARCH", -7, GeoSearch, ReadOnly, "key " + Where + " [withcoord: WITHCOORD] [withdist: WITHDIST] [withhash: WITHHASH]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Geo, Since = "6.2.0", Summary = "Gives the members inside a circle or a box.",
          Complexity = SearchComplexity },
        new("GEOSEARCHSTORE", -8, GeoSearchStore, Write | DenyOom, "destination source:key " + Where + " [storedist: STOREDIST]")
        { Keys = [KeySpec.At(1, OW | Update), KeySpec.At(2, RO | Access)], Acl = AclCategory.Geo, Since = "6.2.0",
          Summary = "Stores the members inside a circle or a box.", Complexity = SearchComplexity },
    ];

    // ---- the requests -----------------------------------------------------------------------------------------------

    private static void GeoRadius(CommandContext ctx) => Radius(ctx, byMember: false, mayStore: true);

    private static void GeoRadiusRo(CommandContext ctx) => Radius(ctx, byMember: false, mayStore: false);

    private static void GeoRadiusByMember(CommandContext ctx) => Radius(ctx, byMember: true, mayStore: true);

    private static void GeoRadiusByMemberRo(CommandContext ctx) => Radius(ctx, byMember: true, mayStore: false);

    private static void GeoSearch(CommandContext ctx) => Search(ctx, storing: false);

    private static void GeoSearchStore(CommandContext ctx) => Search(ctx, storing: true);

    private static void Radius(CommandContext ctx, bool byMember, bool mayStore)
    {
        if (!ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) return;
        var query = new Query { From = byMember ? From.Member : From.Position, By = By.Radius };
        var args = ctx.ArgsFrom(2);
        if (byMember && set.IsMissing) args = ctx.ArgsFrom(5);                     // the radius is then not looked at
        else
        {
            query.Center = byMember ? NextMember(ref args, set) : GeoCommands.NextPosition(ref args);
            NextRadius(ref args, ref query);
        }

        while (args.More)
        {
            if (!TakeOption(ref args, ref query) && !(mayStore && TakeStore(ref args, ref query))) args.Unexpected();
        }

        if (query.StoreAt > 0 && query.HasColumns)
            args.Fail("ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
        if (query.Any && query.Count == 0) args.Fail("ERR the ANY argument requires COUNT argument");
        if (!args.Failed()) Answer(ctx, set, query, RadiusStoreEvent);
    }

    private static void Search(CommandContext ctx, bool storing)
    {
        if (!ctx.TryRead<ZSetValue>(ctx.Arg(storing ? 2 : 1), out var set)) return;
        var query = new Query { StoreAt = storing ? 1 : 0 };
        var args = ctx.ArgsFrom(storing ? 3 : 2);
        while (args.More)
        {
            if (TakeOption(ref args, ref query) || TakeWhere(ref args, ref query, set)) continue;
            if (storing && args.Take("STOREDIST"u8)) query.StoresDistance = true;
            else args.Unexpected();
        }

        if (storing && query.HasColumns) args.Fail("ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
        if (query.From == From.Nothing) args.Fail($"ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {ctx.ArgText(0)}");
        if (query.By == By.Nothing) args.Fail($"ERR exactly one of BYRADIUS and BYBOX can be specified for {ctx.ArgText(0)}");
        if (query.Any && query.Count == 0) args.Fail("ERR the ANY argument requires COUNT argument");
        if (!args.Failed()) Answer(ctx, set, query, SearchStoreEvent);
    }

    /// <summary>The options that all of them have.</summary>
    private static bool TakeOption(ref ArgReader args, ref Query query)
    {
        if (args.Take("WITHDIST"u8)) query.WithDist = true;
        else if (args.Take("WITHHASH"u8)) query.WithHash = true;
        else if (args.Take("WITHCOORD"u8)) query.WithCoord = true;
        else if (args.Take("ANY"u8)) query.Any = true;
        else if (args.Take("ASC"u8)) query.Order = Order.Nearest;
        else if (args.Take("DESC"u8)) query.Order = Order.Farthest;
        else if (args.Left > 1 && args.Take("COUNT"u8))
        {
            query.Count = args.NextInt64();
            if (query.Count <= 0) args.Fail("ERR COUNT must be > 0");
        }
        else return false;
        return true;
    }

    private static bool TakeStore(ref ArgReader args, ref Query query)
    {
        if (args.Left < 2) return false;
        if (args.Take("STOREDIST"u8)) query.StoresDistance = true;
        else if (args.Take("STORE"u8)) query.StoresDistance = false;
        else return false;
        query.StoreAt = args.Position;
        args.Next();
        return true;
    }

    /// <summary>The same word may come again, and its last operands count; its alternative may not.</summary>
    private static bool TakeWhere(ref ArgReader args, ref Query query, ZSetValue set)
    {
        var left = args.Left;
        if (query.From != From.Position && left > 1 && args.Take("FROMMEMBER"u8))
        {
            query.From = From.Member;
            if (set.IsMissing) args.Next();
            else query.Center = NextMember(ref args, set);
        }
        else if (query.From != From.Member && left > 2 && args.Take("FROMLONLAT"u8))
        {
            query.From = From.Position;
            query.Center = GeoCommands.NextPosition(ref args);
        }
        else if (query.By != By.Box && left > 2 && args.Take("BYRADIUS"u8))
        {
            query.By = By.Radius;
            NextRadius(ref args, ref query);
        }
        else if (query.By != By.Radius && left > 3 && args.Take("BYBOX"u8))
        {
            query.By = By.Box;
            query.Width = args.NextDouble("ERR need numeric width");
            query.Height = args.NextDouble("ERR need numeric height");
            if (query.Width < 0 || query.Height < 0) args.Fail("ERR height or width cannot be negative");
            query.Unit = GeoCommands.NextUnit(ref args);
        }
        else return false;
        return true;
    }

    private static void NextRadius(ref ArgReader args, ref Query query)
    {
        query.Width = args.NextDouble("ERR need numeric radius");
        if (query.Width < 0) args.Fail("ERR radius cannot be negative");
        query.Unit = GeoCommands.NextUnit(ref args);
    }

    private static GeoPosition NextMember(ref ArgReader args, ZSetValue set)
    {
        if (set.TryGetScore(args.Next(), out var score)) return GeoHash.Decode(score);
        args.Fail("ERR could not decode requested zset member");
        return default;
    }

    // ---- the answer -------------------------------------------------------------------------------------------------

    private static void Answer(CommandContext ctx, ZSetValue set, scoped in Query query, KeyEvent what)
    {
        var hits = Array.Empty<Hit>();
        var found = set.IsMissing ? 0 : Collect(set, query, ref hits);
        var wanted = query.Count == 0 ? found : (int)Math.Min(found, query.Count);

        // The nearest are meant when only some are asked for, unless any will do.
        var order = query is { Count: > 0, Order: Order.None, Any: false } ? Order.Nearest : query.Order;
        if (order != Order.None && wanted > 0) RangeSort.Sort(hits.AsSpan(0, found), new ByDistance(order), 0, wanted - 1);
        if (query.StoreAt > 0) StoreHits(ctx, set, query, hits.AsSpan(0, wanted), what);
        else ReplyHits(ctx, set, query, hits.AsSpan(0, wanted));
        if (hits.Length > 0) ArrayPool<Hit>.Shared.Return(hits);
    }

    private static int Collect(ZSetValue set, scoped in Query query, ref Hit[] hits)
    {
        var found = 0;
        var limit = query.Any ? query.Count : long.MaxValue;
        var shape = query.Shape;
        Span<GeoCell> cells = stackalloc GeoCell[GeoShape.CellsMax];
        shape.Cells(cells);
        var last = 0;
        for (var i = 0; i < cells.Length && found < limit; i++)
        {
            if (cells[i].IsNone) continue;

            // A huge shape meets the same cell on the other side of the globe.
            if (last > 0 && cells[i] == cells[last]) continue;
            last = i;
            CollectCell(set, shape, cells[i], limit, ref hits, ref found);
        }

        return found;
    }

    private static void CollectCell(ZSetValue set, in GeoShape shape, GeoCell cell, long limit, ref Hit[] hits, ref int found)
    {
        var end = cell.ScoreEnd;
        for (var walk = set.Walk(set.RankOfScore(cell.ScoreStart, after: false)); found < limit && walk.MoveNext() && walk.Score < end;)
        {
            var position = GeoHash.Decode(walk.Score);
            if (!shape.Contains(position, out var distance)) continue;
            if (found == hits.Length) Grow(ref hits);
            hits[found++] = new Hit(walk.Place, walk.Score, distance, position);
        }
    }

    private static void Grow(ref Hit[] hits)
    {
        var more = ArrayPool<Hit>.Shared.Rent(Math.Max(64, hits.Length * 2));
        hits.CopyTo(more, 0);
        if (hits.Length > 0) ArrayPool<Hit>.Shared.Return(hits);
        hits = more;
    }

    private static void ReplyHits(CommandContext ctx, ZSetValue set, scoped in Query query, ReadOnlySpan<Hit> hits)
    {
        var columns = (query.WithDist ? 1 : 0) + (query.WithHash ? 1 : 0) + (query.WithCoord ? 1 : 0);
        ctx.Reply.Array(hits.Length);
        foreach (ref readonly var hit in hits)
        {
            if (columns > 0) ctx.Reply.Array(columns + 1);
            ctx.Reply.Bulk(set.MemberAt(hit.Place));
            if (query.WithDist) GeoCommands.ReplyDistance(ctx, hit.Distance / query.Unit);
            if (query.WithHash) ctx.Reply.Integer((long)hit.Score);
            if (query.WithCoord) GeoCommands.ReplyPosition(ctx, hit.Position);
        }
    }

    private static void StoreHits(CommandContext ctx, ZSetValue set, scoped in Query query, ReadOnlySpan<Hit> hits, KeyEvent what)
    {
        var builder = new ZSetBuilder(ctx.Engine.Heap);
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        foreach (ref readonly var hit in hits)
            builder.Set(set.MemberAt(hit.Place).AsText(scratch), query.StoresDistance ? hit.Distance / query.Unit : hit.Score);

        var draft = ctx.Draft<ZSetValue>();
        builder.Finish(draft);
        ctx.StoreDraft(draft.Entry, ctx.Arg(query.StoreAt), isEmpty: hits.IsEmpty, what);
        if (hits.Length > 1) ctx.CountChanges(hits.Length - 1);
        ctx.Reply.Integer(hits.Length);
    }
}
