using System.Text;
using RedisLite.Data;
using RedisLite.Engine.Databases;
using RedisLite.Engine.Peers;
using RedisLite.Persistence.Aof;
using RedisLite.Persistence.Rdb;
using static RedisLite.Engine.CommandFlags;
using static RedisLite.Engine.KeyFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// MIGRATE: DUMP here, RESTORE there, DEL here. The loop waits for the other server, as Redis does: between the moment a value is read and the moment its key is
/// removed nobody may change it, or the change would be lost on both sides. A key goes only when the other side has said that it has it.
/// </summary>
internal static class MigrateCommand
{
    private const int DefaultTimeoutMs = 1000;

    /// <summary>So much is collected before it is sent: values are streamed, a thousand keys do not need the memory of all their payloads.</summary>
    private const int ChunkBytes = 64 * 1024;

    public static CommandSpec[] Table() =>
    [
        new("MIGRATE", -6, Migrate, Write,
            "host port <key-selector: key | <empty-string: \"\">> destination-db timeout:int [COPY@3.0.0] [REPLACE@3.0.0] "
            + "[authentication: AUTH <auth: password>@4.0.7 | AUTH2 <auth2: username password>@6.0.0] [KEYS <keys: key#1> [...]]@3.0.6")
        { Keys = [KeySpec.At(3, RW | Access | Delete), KeySpec.After("KEYS", -2, RW | Access | Delete | Incomplete, last: -1)], KeyFinder = CommandKeys.OfMigrate,
          Acl = AclCategory.Keyspace | AclCategory.Dangerous, Since = "2.6.0", Tips = ["nondeterministic_output"],
          Summary = "Moves keys to another server.", Complexity = "As DUMP, DEL and RESTORE for each key, and the time to send the payloads" },
    ];

    private static void Migrate(CommandContext ctx)
    {
        var move = new Move(ctx);
        if (!move.TryParse()) return;
        if (!move.FindKeys())
        {
            ctx.Reply.Simple("NOKEY"u8);
            return;
        }

        // A kept link may have been closed by the other side meanwhile: once, when nothing is decided yet, try with a new one.
        var result = move.Run(out var step);
        if (result == PeerResult.Failed && move.AnsweredKeys == 0) result = move.Run(out step);
        move.Finish();
        if (move.TargetError is { } error) ctx.Fail("ERR Target instance replied with error: " + error);
        else if (result == PeerResult.Ok) ctx.Reply.Ok();
        else ctx.Fail("IOERR error or timeout " + step);
    }

    /// <summary>One run of the command.</summary>
    private sealed class Move(CommandContext ctx)
    {
        private readonly List<int> keys = [];
        private readonly List<int> sent = [];
        private readonly List<int> gone = [];
        private readonly AofText text = new();
        private bool copy;
        private bool replace;
        private int userAt;
        private int passwordAt;
        private int firstKey = 3;
        private int lastKey = 3;
        private int timeoutMs;
        private long destinationDb;

        /// <summary>What the other side had against it first, without the dash.</summary>
        public string? TargetError { get; private set; }

        /// <summary>Keys that the other side has taken or refused.</summary>
        public int AnsweredKeys { get; private set; }

        private string Host => ctx.ArgText(1);

        /// <summary>As atoi and 16 bits see it; whatever is no port is refused by the system.</summary>
        private int Port => NumberText.TryParseInt64(ctx.Arg(2), out var port) ? (int)(port & 0xFFFF) : 0;

        public bool TryParse()
        {
            var args = ctx.ArgsFrom(6);
            while (args.More)
            {
                if (args.Take("COPY"u8)) copy = true;
                else if (args.Take("REPLACE"u8)) replace = true;
                else if (args.Take("AUTH"u8)) (userAt, passwordAt) = (0, TakeSecret(ref args));
                else if (args.Take("AUTH2"u8)) (userAt, passwordAt) = (TakeSecret(ref args), TakeSecret(ref args));
                else if (args.Take("KEYS"u8))
                {
                    if (ctx.Arg(3).Length > 0) args.Fail("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
                    (firstKey, lastKey) = (args.Position, ctx.Argc - 1);
                    break;
                }
                else args.Unexpected();
            }
            var numbers = ctx.ArgsFrom(4);
            destinationDb = numbers.NextInt64();
            var timeout = numbers.NextInt64();
            if (args.Failed() || numbers.Failed()) return false;
            timeoutMs = timeout <= 0 ? DefaultTimeoutMs : (int)Math.Min(timeout, int.MaxValue);
            return true;
        }

        private int TakeSecret(ref ArgReader args)
        {
            var at = args.Position;
            args.Next();
            ctx.HideArg(at);
            return at;
        }

        /// <summary>The keys that are there; false when none is.</summary>
        public bool FindKeys()
        {
            for (var i = firstKey; i <= lastKey; i++)
            {
                if (ctx.Read(ctx.Arg(i)).Exists) keys.Add(i);
                ctx.CloseEntries();
            }
            return keys.Count > 0;
        }

        public PeerResult Run(out string step)
        {
            step = "connecting to the client";
            var result = ctx.Engine.Peers.Get(Host, Port, timeoutMs, out var session);
            if (result == PeerResult.Failed) step = "writing to target instance";      // refused: Redis finds out when it writes
            if (result != PeerResult.Ok) return result;

            step = "writing to target instance";
            var selects = session!.SelectedDb != destinationDb;
            result = Send(session, selects);
            if (result == PeerResult.Ok)
            {
                step = "reading to target instance";
                result = Receive(session, selects);
            }
            if (result != PeerResult.Ok) ctx.Engine.Peers.Drop(Host, Port);
            else session.SelectedDb = TargetError is null ? destinationDb : null;
            return result;
        }

        private PeerResult Send(PeerSession session, bool selects)
        {
            text.Clear();
            sent.Clear();
            if (passwordAt > 0)
            {
                text.Begin(userAt > 0 ? 3 : 2);
                text.Arg("AUTH"u8);
                if (userAt > 0) text.Arg(ctx.Arg(userAt));
                text.Arg(ctx.Arg(passwordAt));
            }
            if (selects)
            {
                text.Begin(2);
                text.Arg("SELECT"u8);
                text.Arg(destinationDb);
            }
            foreach (var at in keys)
            {
                AddRestore(at);
                if (text.Length < ChunkBytes) continue;
                if (session.Send(text.Bytes, timeoutMs) is var refused and not PeerResult.Ok) return refused;
                text.Clear();
            }
            return text.Length == 0 ? PeerResult.Ok : session.Send(text.Bytes, timeoutMs);
        }

        private void AddRestore(int at)
        {
            var key = ctx.Arg(at);
            var entry = ctx.Peek(key);
            var ttl = entry.Exists && entry.HasExpiry ? Math.Max(1, entry.ExpireAtMs - ctx.NowMs) : 0;
            if (entry.Exists)
            {
                sent.Add(at);
                text.Begin(replace ? 5 : 4);
                text.Arg(ctx.Config.ClusterEnabled ? "RESTORE-ASKING"u8 : "RESTORE"u8);
                text.Arg(key);
                text.Arg(ttl);
                text.Arg(ctx.Engine.Durability.DumpOf(entry));
                if (replace) text.Arg("REPLACE"u8);
            }
            ctx.CloseEntries();
        }

        private PeerResult Receive(PeerSession session, bool selects)
        {
            var introduction = (passwordAt > 0 ? 1 : 0) + (selects ? 1 : 0);
            var isWelcome = true;
            for (var i = 0; i < introduction; i++)
            {
                if (session.ReadLine(timeoutMs, out var answer) is var lost and not PeerResult.Ok) return lost;
                isWelcome &= Accepts(answer);
            }
            foreach (var at in sent)
            {
                if (session.ReadLine(timeoutMs, out var answer) is var lost and not PeerResult.Ok) return lost;
                AnsweredKeys++;
                if (Accepts(answer) && isWelcome && !copy) Remove(at);
            }
            return PeerResult.Ok;
        }

        private bool Accepts(ReadOnlySpan<byte> answer)
        {
            if (!answer.StartsWith("-"u8)) return true;
            TargetError ??= Encoding.Latin1.GetString(answer[1..]);
            return false;
        }

        private void Remove(int at)
        {
            var key = ctx.Arg(at);
            var entry = ctx.Peek(key);
            if (entry.Exists) ctx.Remove(entry);
            ctx.Changed(key, KeyEvents.Del);
            ctx.CloseEntries();
            gone.Add(at);
        }

        /// <summary>What other copies of the data are told: the keys that went.</summary>
        public void Finish()
        {
            if (gone.Count == 0) return;
            var effect = ctx.PropagateAs("DEL"u8);
            foreach (var at in gone) effect = effect.Arg(ctx.Arg(at));
        }
    }
}
