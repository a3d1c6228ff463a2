using RedisLite.Data;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>Channels, patterns and shard channels. Every (un)subscription is confirmed by a push of its own, with the number that is left.</summary>
internal static class PubSubCommands
{
    public static CommandSpec[] Table() =>
    [
        new("PSUBSCRIBE", -2, PSubscribe, PubSub | NoScript | Loading | Stale, "pattern [pattern ...]")
        { Channels = ChannelUse.SubscribesPatterns, Since = "2.0.0", Summary = "Subscribes to all channels that match patterns.", Complexity = "O(N) in the number of patterns" },
        new("PUBLISH", 3, Publish, PubSub | Loading | Stale | Fast | MayReplicate, "channel message")
        { Channels = ChannelUse.Publishes, Since = "2.0.0", Summary = "Sends a message to the subscribers of a channel.",
          Complexity = "O(N+M) with N subscribers of the channel and M patterns subscribed to by anyone" },
        new("PUBSUB", -2, null, None, "")
        {
            Since = "2.8.0", Summary = "Looks at channels and subscriptions.", Complexity = "Depends on the subcommand",
            Subcommands =
            [
                new("CHANNELS", -2, PubSubChannels, PubSub | Loading | Stale, "[pattern]")
                { Since = "2.8.0", Summary = "Gives the channels that have subscribers.", Complexity = "O(N) in the number of active channels" },
                new("HELP", 2, PubSubHelp, Loading | Stale, "")
                { Since = "6.2.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
                new("NUMPAT", 2, PubSubNumPat, PubSub | Loading | Stale, "")
                { Since = "2.8.0", Summary = "Counts the patterns that somebody is subscribed to.", Complexity = "O(1)" },
                new("NUMSUB", -2, PubSubNumSub, PubSub | Loading | Stale, "[channel [channel ...]]")
                { Since = "2.8.0", Summary = "Counts the subscribers of channels.", Complexity = "O(N) in the number of channels asked for" },
                new("SHARDCHANNELS", -2, PubSubShardChannels, PubSub | Loading | Stale, "[pattern]")
                { Since = "7.0.0", Summary = "Gives the shard channels that have subscribers.",
                  Complexity = "O(N) in the number of active shard channels" },
                new("SHARDNUMSUB", -2, PubSubShardNumSub, PubSub | Loading | Stale, "[shardchannel [shardchannel ...]]")
                { Since = "7.0.0", Summary = "Counts the subscribers of shard channels.", Complexity = "O(N) in the number of channels asked for" },
            ],
        },
        new("PUNSUBSCRIBE", -1, PUnsubscribe, PubSub | NoScript | Loading | Stale, "[pattern [pattern ...]]")
        { Since = "2.0.0", Summary = "Ends subscriptions to patterns, to all of them when none is named.",
          Complexity = "O(N) in the number of patterns" },
        new("SPUBLISH", 3, SPublish, PubSub | Loading | Stale | Fast | MayReplicate, "shardchannel message")
        { Channels = ChannelUse.Publishes, Keys = [KeySpec.At(1, NotKey)], Since = "7.0.0", Summary = "Sends a message to the subscribers of a shard channel.",
          Complexity = "O(N) in the subscribers of the channel" },
        new("SSUBSCRIBE", -2, SSubscribe, PubSub | NoScript | Loading | Stale, "shardchannel [shardchannel ...]")
        { Channels = ChannelUse.Subscribes, Keys = [KeySpec.Range(1, NotKey)], Since = "7.0.0", Summary = "Subscribes to shard channels.",
          Complexity = "O(N) in the number of channels" },
        new("SUBSCRIBE", -2, Subscribe, PubSub | NoScript | Loading | Stale, "channel [channel ...]")
        { Channels = ChannelUse.Subscribes, Since = "2.0.0", Summary = "Subscribes to channels.", Complexity = "O(N) in the number of channels" },
        new("SUNSUBSCRIBE", -1, SUnsubscribe, PubSub | NoScript | Loading | Stale, "[shardchannel [shardchannel ...]]")
        { Keys = [KeySpec.Range(1, NotKey)], Since = "7.0.0",
          Summary = "Ends subscriptions to shard channels, to all of them when none is named.", Complexity = "O(N) in the number of channels" },
        new("UNSUBSCRIBE", -1, Unsubscribe, PubSub | NoScript | Loading | Stale, "[channel [channel ...]]")
        { Since = "2.0.0", Summary = "Ends subscriptions to channels, to all of them when none is named.",
          Complexity = "O(N) in the number of channels" },
    ];

    private enum Kind
    {
        Channel,
        Pattern,
        Shard,
    }

    private static void Subscribe(CommandContext ctx) => Subscribe(ctx, Kind.Channel, "subscribe"u8);

    private static void PSubscribe(CommandContext ctx) => Subscribe(ctx, Kind.Pattern, "psubscribe"u8);

    private static void SSubscribe(CommandContext ctx) => Subscribe(ctx, Kind.Shard, "ssubscribe"u8);

    private static void Unsubscribe(CommandContext ctx) => Unsubscribe(ctx, Kind.Channel, "unsubscribe"u8);

    private static void PUnsubscribe(CommandContext ctx) => Unsubscribe(ctx, Kind.Pattern, "punsubscribe"u8);

    private static void SUnsubscribe(CommandContext ctx) => Unsubscribe(ctx, Kind.Shard, "sunsubscribe"u8);

    private static void Publish(CommandContext ctx)
    {
        var receivers = ctx.Engine.PubSub.Publish(ctx.Arg(1), ctx.Arg(2));
        ctx.PropagateMessage();
        ctx.Reply.Integer(receivers);
    }

    private static void SPublish(CommandContext ctx)
    {
        var receivers = ctx.Engine.PubSub.PublishShard(ctx.Arg(1), ctx.Arg(2));
        ctx.PropagateMessage();
        ctx.Reply.Integer(receivers);
    }

    private static void PubSubChannels(CommandContext ctx) => ListChannels(ctx, ctx.Engine.PubSub.Channels);

    private static void PubSubShardChannels(CommandContext ctx) => ListChannels(ctx, ctx.Engine.PubSub.ShardChannels);

    private static void PubSubNumSub(CommandContext ctx) => CountSubscribers(ctx, shard: false);

    private static void PubSubShardNumSub(CommandContext ctx) => CountSubscribers(ctx, shard: true);

    private static void PubSubNumPat(CommandContext ctx) => ctx.Reply.Integer(ctx.Engine.PubSub.PatternCount);

    private static void PubSubHelp(CommandContext ctx) => HelpText.Reply(ctx, "PUBSUB",
        "CHANNELS [<pattern>]", "    List the channels that have subscribers and match the pattern (all of them without one).",
        "NUMPAT", "    Tell how many patterns have subscribers.",
        "NUMSUB [<channel> ...]", "    Tell how many subscribers each channel has, patterns not counted.",
        "SHARDCHANNELS [<pattern>]", "    List the shard channels that have subscribers and match the pattern.",
        "SHARDNUMSUB [<shardchannel> ...]", "    Tell how many subscribers each shard channel has.");

    private static void Subscribe(CommandContext ctx, Kind kind, ReadOnlySpan<byte> word)
    {
        // In a transaction channels and patterns may be subscribed to, for the sake of clients from before RESP3.
        if (ctx.MayNotBlock && (kind == Kind.Shard || ctx.Client.Has(ClientFlags.Internal)))
        {
            ctx.Fail($"ERR {ctx.Spec.Name} isn't allowed for a DENY BLOCKING client");
            return;
        }

        var hub = ctx.Engine.PubSub;
        for (var i = 1; i < ctx.Argc; i++)
        {
            var name = ctx.Arg(i);
            _ = kind switch
            {
                Kind.Channel => hub.Subscribe(ctx.Client, name),
                Kind.Pattern => hub.SubscribePattern(ctx.Client, name),
                _ => hub.SubscribeShard(ctx.Client, name),
            };
            Confirm(ctx, word, name, kind);
        }
    }

    private static void Unsubscribe(CommandContext ctx, Kind kind, ReadOnlySpan<byte> word)
    {
        if (ctx.Argc > 1)
        {
            for (var i = 1; i < ctx.Argc; i++)
            {
                Leave(ctx, kind, ctx.Arg(i));
                Confirm(ctx, word, ctx.Arg(i), kind);
            }

            return;
        }

        var all = Names(ctx, kind);
        foreach (var name in all)
        {
            Leave(ctx, kind, name);
            Confirm(ctx, word, name, kind);
        }

        if (all.Length > 0) return;
        ctx.Reply.Push(3);
        ctx.Reply.Bulk(word);
        ctx.Reply.Null();
        ctx.Reply.Integer(Left(ctx, kind));
    }

    private static void Leave(CommandContext ctx, Kind kind, ReadOnlySpan<byte> name)
    {
        var hub = ctx.Engine.PubSub;
        _ = kind switch
        {
            Kind.Channel => hub.Unsubscribe(ctx.Client, name),
            Kind.Pattern => hub.UnsubscribePattern(ctx.Client, name),
            _ => hub.UnsubscribeShard(ctx.Client, name),
        };
    }

    private static byte[][] Names(CommandContext ctx, Kind kind) => ctx.Client.Subscriptions is not { } subscriptions ? []
        : kind switch
        {
            Kind.Channel => [.. subscriptions.Channels],
            Kind.Pattern => [.. subscriptions.Patterns],
            _ => [.. subscriptions.ShardChannels],
        };

    private static int Left(CommandContext ctx, Kind kind) => ctx.Client.Subscriptions is not { } subscriptions ? 0
        : kind == Kind.Shard ? subscriptions.ShardChannels.Count : subscriptions.Count;

    private static void Confirm(CommandContext ctx, ReadOnlySpan<byte> word, ReadOnlySpan<byte> name, Kind kind)
    {
        ctx.Reply.Push(3);
        ctx.Reply.Bulk(word);
        ctx.Reply.Bulk(name);
        ctx.Reply.Integer(Left(ctx, kind));
    }

    private static void ListChannels(CommandContext ctx, IEnumerable<byte[]> channels)
    {
        if (ctx.HasMoreArgsThan(3)) return;

        var mark = ctx.Reply.DeferArray();
        var count = 0;
        foreach (var channel in channels)
        {
            if (ctx.Argc == 3 && !Glob.IsMatch(ctx.Arg(2), channel)) continue;
            ctx.Reply.Bulk(channel);
            count++;
        }

        ctx.Reply.EndArray(mark, count);
    }

    private static void CountSubscribers(CommandContext ctx, bool shard)
    {
        ctx.Reply.Array((ctx.Argc - 2) * 2);
        for (var i = 2; i < ctx.Argc; i++)
        {
            ctx.Reply.Bulk(ctx.Arg(i));
            ctx.Reply.Integer(ctx.Engine.PubSub.Subscribers(ctx.Arg(i), shard));
        }
    }
}
