using RedisLite.Data;

namespace RedisLite.Engine.Commands;

/// <summary>Channels, patterns and shard channels. Every (un)subscription is confirmed by a push of its own, with the number that is left.</summary>
internal static class PubSubCommands
{
//ROWS
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
        ctx.PropagateRequestAnyway();
        ctx.Reply.Integer(receivers);
    }

    private static void SPublish(CommandContext ctx)
    {
        var receivers = ctx.Engine.PubSub.PublishShard(ctx.Arg(1), ctx.Arg(2));
        ctx.PropagateRequestAnyway();
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
        if (ctx.MayNotBlock && ctx.Client.Has(ClientFlags.Internal))
        {
            ctx.Fail("ERR " + ctx.Spec.FullName + " isn't allowed for a DENY BLOCKING client");
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
        if (ctx.Argc > 3)
        {
            ctx.Fail(Errors.WrongArity(ctx.Spec.FullName));
            return;
        }

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
