using System.Globalization;
using RedisLite.Data;
using RedisLite.Data.Geo;
using RedisLite.Data.Values;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// Places as members of sorted sets, whose scores are the bits of a <see cref="GeoHash"/>: adding them and asking about single ones. Searches have a file of
/// their own.
/// </summary>
internal static class GeoCommands
{
    private const string BadUnit = "ERR unsupported unit provided. please use M, KM, FT, MI";
    private const int NumberTextMax = 64;

    public static CommandSpec[] Table() =>
    [
        new("GEOADD", -5, GeoAdd, Write | DenyOom, "key [condition: NX | XX]@6.2.0 [change: CH]@6.2.0 <data: longitude latitude member> [...]")
        { Keys = [KeySpec.At(1, RW | Update)], Acl = AclCategory.Geo, Since = "3.2.0",
          Summary = "Adds members with places to a sorted set, or moves them.", Complexity = "O(log N) for each member, with N members in the sorted set" },
        new("GEODIST", -4, GeoDist, ReadOnly, "key member1 member2 [unit: M | KM | FT | MI]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Geo, Since = "3.2.0", Summary = "Gives the distance between two members.",
          Complexity = "O(1)", IsBrief = true },
        new("GEOHASH", -2, GeoHashes, ReadOnly, "key [member [member ...]]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Geo, Since = "3.2.0", Summary = "Gives the places of members as geohash texts.",
          Complexity = "O(1) for each member" },
        new("GEOPOS", -2, GeoPos, ReadOnly, "key [member [member ...]]")
        { Keys = [KeySpec.At(1, RO | Access)], Acl = AclCategory.Geo, Since = "3.2.0", Summary = "Gives longitude and latitude of members.",
          Complexity = "O(1) for each member" },
    ];

    // ---- adding -----------------------------------------------------------------------------------------------------

    private static void GeoAdd(CommandContext ctx)
    {
        const SortedSetCommands.AddOptions both = SortedSetCommands.AddOptions.IfMissing | SortedSetCommands.AddOptions.IfExists;
        var options = SortedSetCommands.AddOptions.None;
        var first = 2;
        while (first < ctx.Argc && OptionAt(ctx, first) is var option and not SortedSetCommands.AddOptions.None)
        {
            options |= option;
            first++;
        }

        var places = (ctx.Argc - first) / 3;
        if ((ctx.Argc - first) % 3 != 0 || places == 0 || (options & both) == both)
        {
            ctx.Fail(Errors.Syntax);
            return;
        }

        var scores = places <= 64 ? stackalloc double[places] : new double[places];
        var args = ctx.ArgsFrom(first);
        for (var i = 0; i < places && args.More; i++)
        {
            scores[i] = GeoHash.Encode(NextPosition(ref args), GeoHash.StepMax);
            args.Next();
        }

        if (args.Failed()) return;
        SortedSetCommands.Add(ctx, scores, first + 2, step: 3, options);
        if (ctx.Dirty > 0) PropagateAsZAdd(ctx, scores, first);
    }

    private static SortedSetCommands.AddOptions OptionAt(CommandContext ctx, int at) =>
        ctx.ArgIs(at, "NX"u8) ? SortedSetCommands.AddOptions.IfMissing
        : ctx.ArgIs(at, "XX"u8) ? SortedSetCommands.AddOptions.IfExists
        : ctx.ArgIs(at, "CH"u8) ? SortedSetCommands.AddOptions.CountChanged
        : SortedSetCommands.AddOptions.None;

    /// <summary>Copies of the data set get the scores: they need no geometry, and no two servers can round differently.</summary>
    private static void PropagateAsZAdd(CommandContext ctx, ReadOnlySpan<double> scores, int first)
    {
        var effect = ctx.PropagateAs("zadd"u8).Arg(ctx.Arg(1));
        for (var i = 2; i < first; i++) effect.Arg(ctx.Arg(i));
        for (var i = 0; i < scores.Length; i++) effect.Arg((long)scores[i]).Arg(ctx.Arg(first + i * 3 + 2));
    }

    // ---- asking -----------------------------------------------------------------------------------------------------

    private static void GeoDist(CommandContext ctx)
    {
        var unit = 1.0;
        var args = ctx.ArgsFrom(4);
        if (args.Left > 1) args.Unexpected();
        else if (args.More) unit = NextUnit(ref args);
        if (args.Failed()) return;

        if (!ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) return;
        if (set.TryGetScore(ctx.Arg(2), out var from) && set.TryGetScore(ctx.Arg(3), out var to))
            ReplyDistance(ctx, GeoShape.Distance(GeoHash.Decode(from), GeoHash.Decode(to)) / unit);
        else ctx.Reply.Null();
    }

    private static void GeoHashes(CommandContext ctx)
    {
        if (!ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) return;
        Span<byte> text = stackalloc byte[GeoHash.TextLength];
        ctx.Reply.Array(ctx.Argc - 2);
        for (var i = 2; i < ctx.Argc; i++)
        {
            if (!set.TryGetScore(ctx.Arg(i), out var score))
            {
                ctx.Reply.Null();
                continue;
            }

            GeoHash.WriteText(GeoHash.Decode(score), text);
            ctx.Reply.Bulk(text);
        }
    }

    private static void GeoPos(CommandContext ctx)
    {
        if (!ctx.TryRead<ZSetValue>(ctx.Arg(1), out var set)) return;
        ctx.Reply.Array(ctx.Argc - 2);
        for (var i = 2; i < ctx.Argc; i++)
        {
            if (set.TryGetScore(ctx.Arg(i), out var score)) ReplyPosition(ctx, GeoHash.Decode(score));
            else ctx.Reply.NullArray();
        }
    }

    // ---- what searches need too -------------------------------------------------------------------------------------

    internal static void ReplyPosition(CommandContext ctx, GeoPosition position)
    {
        Span<byte> text = stackalloc byte[NumberTextMax];
        ctx.Reply.Array(2);
        ctx.Reply.DoubleAsText(text[..NumberText.FormatHuman(position.Longitude, text)]);
        ctx.Reply.DoubleAsText(text[..NumberText.FormatHuman(position.Latitude, text)]);
    }

    internal static void ReplyDistance(CommandContext ctx, double distance)
    {
        Span<byte> text = stackalloc byte[NumberTextMax];
        ctx.Reply.Bulk(text[..NumberText.FormatDistance(distance, text)]);
    }

    internal static GeoPosition NextPosition(ref ArgReader args)
    {
        var position = new GeoPosition(args.NextDouble(), args.NextDouble());
        if (!args.HasFailed && !GeoHash.IsValid(position))
            args.Fail($"ERR invalid longitude,latitude pair {AsText(position.Longitude)},{AsText(position.Latitude)}");
        return position;
    }

    private static string AsText(double degrees) =>
        double.IsInfinity(degrees) ? degrees < 0 ? "-inf" : "inf" : degrees.ToString("F6", CultureInfo.InvariantCulture);

    /// <summary>Metres of a unit.</summary>
    internal static double NextUnit(ref ArgReader args)
    {
        if (args.Take("M"u8)) return 1;
        if (args.Take("KM"u8)) return 1000;
        if (args.Take("FT"u8)) return 0.3048;
        if (args.Take("MI"u8)) return 1609.34;
        args.Fail(BadUnit);
        return 1;
    }
}
