using System.Text.RegularExpressions;
using RedisLite.Testing;
using Xunit;

namespace RedisLite.Tests.Engine;

/// <summary>Fields that expire. Replies, errors and the order of checks are those of redis-server 7.4.1; HGETEX, HSETEX and HGETDEL those of 8.0's tests.</summary>
public class HashFieldCommandTests
{
    private const string WrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
    private const string NoFields = "ERR Mandatory argument FIELDS is missing or not at the right position";
    private const string Mismatch = "ERR The `numfields` parameter must match the number of arguments";
    private const string NotPositive = "ERR Number of fields must be a positive integer";
    private const string TooFew = "ERR Parameter `numFields` should be greater than 0";
    private const string OnlyOneTime = "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified";

    private readonly TestEngine _redis = new();

    private string Time(double ms) => _redis.Clock.GetUtcNow().AddMilliseconds(ms).ToUnixTimeMilliseconds().ToString();

    [Theory]
    [InlineData("HEXPIRE h 10 FIELDS 2 a zz", "[1, -2]")]
    [InlineData("HEXPIRE nokey 10 FIELDS 2 a b", "[-2, -2]")]
    [InlineData("HEXPIRE h 10 GT FIELDS 1 a", "[0]")]
    [InlineData("HEXPIRE h 10 LT FIELDS 1 a", "[1]")]
    [InlineData("HEXPIRE h 10 XX FIELDS 1 a", "[0]")]
    [InlineData("HEXPIRE h 10 nx fields 2 a t", "[1, 0]")]
    [InlineData("HEXPIRE h 10 GT FIELDS 1 t", "[0]")]
    [InlineData("HEXPIRE h 10 LT FIELDS 1 t", "[1]")]
    [InlineData("HEXPIRE h 1000 GT FIELDS 1 t", "[1]")]
    [InlineData("HEXPIRE h 1000 LT FIELDS 1 t", "[0]")]
    [InlineData("HEXPIRE h 10 FIELDS 3 a a b", "[1, 1, 1]")]
    [InlineData("HEXPIRE h 0 FIELDS 2 a zz", "[2, -2]")]
    [InlineData("HEXPIREAT h 1 FIELDS 2 a a", "[2, -2]")]
    [InlineData("HPEXPIREAT h 70368744177663 FIELDS 1 a", "[1]")]
    [InlineData("HPEXPIREAT h 70368744177664 FIELDS 1 a", "ERR invalid expire time in 'hpexpireat' command")]
    [InlineData("HEXPIREAT h 70368744177 FIELDS 1 a", "[1]")]
    [InlineData("HEXPIREAT h 70368744178 FIELDS 1 a", "ERR invalid expire time in 'hexpireat' command")]
    [InlineData("HPEXPIRE h 70368744177663 FIELDS 1 a", "ERR invalid expire time in 'hpexpire' command")]
    [InlineData("HEXPIRE h 9223372036854775807 FIELDS 1 a", "ERR invalid expire time in 'hexpire' command")]
    [InlineData("HEXPIRE h 9223372036854775808 FIELDS 1 a", "ERR value is not an integer or out of range")]
    [InlineData("HEXPIRE h", "ERR wrong number of arguments for 'hexpire' command")]
    [InlineData("HEXPIRE h 10 FIELDS 1", "ERR wrong number of arguments for 'hexpire' command")]
    [InlineData("HEXPIRE nokey x FIELDS 1 a", "ERR value is not an integer or out of range")]
    [InlineData("HEXPIRE nokey -1 ZZ 1 a", "ERR invalid expire time, must be >= 0")]
    [InlineData("HEXPIRE nokey 99999999999999 ZZ 1 a", "ERR invalid expire time in 'hexpire' command")]
    [InlineData("HEXPIRE nokey 10 ZZ 0 a", NoFields)]
    [InlineData("HEXPIRE nokey 10 NX ZZ 1 a", NoFields)]
    [InlineData("HEXPIRE h 10 XX NX FIELDS 1 a", NoFields)]
    [InlineData("HEXPIRE h 10 FIELDS 0 a", TooFew)]
    [InlineData("HEXPIRE h 10 FIELDS x a", TooFew)]
    [InlineData("HEXPIRE h 10 FIELDS 99999999999999999999 a", TooFew)]
    [InlineData("HEXPIRE h 10 FIELDS 2 a", Mismatch)]
    [InlineData("HEXPIRE h 10 FIELDS 1 a b", Mismatch)]
    [InlineData("HEXPIRE h 10 NX FIELDS 1", Mismatch)]
    [InlineData("HEXPIRE s x YY 1 a", WrongType)]
    [InlineData("HTTL h FIELDS 3 a t zz", "[-1, 100, -2]")]
    [InlineData("HPTTL h FIELDS 1 t", "[99500]")]
    [InlineData("HTTL nokey FIELDS 2 a b", "[-2, -2]")]
    [InlineData("HTTL h FIELDS 1", "ERR wrong number of arguments for 'httl' command")]
    [InlineData("HTTL h FIELD 1 a", NoFields)]
    [InlineData("HTTL h FIELDS x a", NotPositive)]
    [InlineData("HTTL h FIELDS 0 a", NotPositive)]
    [InlineData("HTTL nokey FIELDS 2 a", Mismatch)]
    [InlineData("HTTL s FIELDX 2 a", WrongType)]
    [InlineData("HEXPIRETIME h FIELDS 2 a zz", "[-1, -2]")]
    [InlineData("HPEXPIRETIME nokey FIELDS 1 a", "[-2]")]
    [InlineData("HPERSIST h FIELDS 4 t t a zz", "[1, -1, -1, -2]")]
    [InlineData("HPERSIST nokey FIELDS 1 a", "[-2]")]
    [InlineData("HPERSIST h FIELDS 2 a", Mismatch)]
    [InlineData("HPERSIST h FIELDX 1 a", NoFields)]
    [InlineData("HPERSIST s FIELDX 1 a", WrongType)]
    [InlineData("HGETDEL h FIELDS 3 a zz a", "[1, (nil), (nil)]")]
    [InlineData("HGETDEL nokey FIELDS 1 a", "[(nil)]")]
    [InlineData("HGETDEL h FIELDS 0 a", NotPositive)]
    [InlineData("HGETDEL h FIELDS 2 a", Mismatch)]
    [InlineData("HGETDEL h XX 1 a", NoFields)]
    [InlineData("HGETDEL s FIELDS 1 a", WrongType)]
    [InlineData("HGETEX h FIELDS 2 a zz", "[1, (nil)]")]
    [InlineData("HGETEX nokey EX 10 FIELDS 2 a b", "[(nil), (nil)]")]
    [InlineData("HGETEX h PX 0 FIELDS 2 a a", "[1, (nil)]")]
    [InlineData("HGETEX h PERSIST FIELDS 2 t a", "[3, 1]")]
    [InlineData("HGETEX h PERSIST 1 FIELDS 1 a", NoFields)]
    [InlineData("HGETEX h PXAT 1 1", NoFields)]
    [InlineData("HGETEX h XFIELDX 1 a", NoFields)]
    [InlineData("HGETEX h FIELDS 2 a", Mismatch)]
    [InlineData("HGETEX h FIELDS -1 a", NotPositive)]
    [InlineData("HGETEX h EX bla FIELDS 1 a", "ERR value is not an integer or out of range")]
    [InlineData("HGETEX h PXAT -1 FIELDS 1 a", "ERR invalid expire time, must be >= 0")]
    [InlineData("HGETEX h EXAT 70368744178 FIELDS 1 a", "ERR invalid expire time in 'hgetex' command")]
    [InlineData("HGETEX s FIELDS 1 a", WrongType)]
    [InlineData("HSETEX h FIELDS 1 a x", "1")]
    [InlineData("HSETEX h FNX FIELDS 2 a x n x", "0")]
    [InlineData("HSETEX h FXX FIELDS 2 a x n x", "0")]
    [InlineData("HSETEX nokey FXX FIELDS 1 a x", "0")]
    [InlineData("HSETEX nokey FNX EX 10 FIELDS 1 a x", "1")]
    [InlineData("HSETEX h FIELDS 1 a", "ERR wrong number of arguments for 'hsetex' command")]
    [InlineData("HSETEX h FIELDS 2 a b", "ERR wrong number of arguments")]
    [InlineData("HSETEX h FIELDS 2 a b c", "ERR wrong number of arguments")]
    [InlineData("HSETEX h FIELDS 1 a b unknown", "ERR wrong number of arguments")]
    [InlineData("HSETEX h FIELDS 9223372036854775807 a b", "ERR invalid number of fields")]
    [InlineData("HSETEX h FIELDS 0 a b", "ERR invalid number of fields")]
    [InlineData("HSETEX h NX FIELDS 1 a b", "ERR unknown argument: NX")]
    [InlineData("HSETEX h FNX FXX FIELDS 1 a b", "ERR Only one of FXX or FNX arguments can be specified")]
    [InlineData("HSETEX h EX 100 PX 1 FIELDS 1 a b", OnlyOneTime)]
    [InlineData("HSETEX h EX 100 EX 1 FIELDS 1 a b", OnlyOneTime)]
    [InlineData("HSETEX h KEEPTTL EXAT 1 FIELDS 1 a b", OnlyOneTime)]
    [InlineData("HSETEX h EX FIELDS 1 a b", "ERR value is not an integer or out of range")]
    [InlineData("HSETEX h FXX KEEPTTL FNX EX", "ERR Only one of FXX or FNX arguments can be specified")]
    [InlineData("HSETEX h KEEPTTL FXX a b", "ERR unknown argument: a")]
    [InlineData("HSETEX s FIELDS 1 a b", WrongType)]
    [InlineData("HSCAN h 0 NOVALUES MATCH a*", "[0, [a]]")]
    [InlineData("HSCAN nokey 0 NOVALUES ZZ", "[0, []]")]
    [InlineData("SCAN 0 NOVALUES", "ERR NOVALUES option can only be used in HSCAN")]
    [InlineData("SSCAN set 0 NOVALUES", "ERR NOVALUES option can only be used in HSCAN")]
    [InlineData("ZSCAN zset 0 NOVALUES", "ERR NOVALUES option can only be used in HSCAN")]
    public void Replies(string command, string reply)
    {
        _redis.Run("HSET h a 1 b 2 t 3");
        _redis.Run("HPEXPIRE h 99500 FIELDS 1 t");
        _redis.Run("SET s 1");
        _redis.Run("SADD set a");
        _redis.Run("ZADD zset 1 a");
        Assert.Equal(reply, _redis.Run(command));
    }

    [Fact]
    public void Seconds_are_rounded_up()
    {
        _redis.Run("HSET h a 1");
        _redis.Run("HPEXPIREAT h 70000000000001 FIELDS 1 a");
        Assert.Equal("[70000000001]", _redis.Run("HEXPIRETIME h FIELDS 1 a"));
        Assert.Equal("[70000000000001]", _redis.Run("HPEXPIRETIME h FIELDS 1 a"));
        _redis.Run("HPEXPIRE h 1001 FIELDS 1 a");
        Assert.Equal("[2]", _redis.Run("HTTL h FIELDS 1 a"));
        Assert.Equal($"[{Time(1001)}]", _redis.Run("HPEXPIRETIME h FIELDS 1 a"));
    }

    [Theory]
    [InlineData("512", "listpackex")]
    [InlineData("0", "hashtable")]
    public void A_field_past_its_time_is_not_seen_and_goes_when_it_is_asked_for(string entries, string encoding)
    {
        _redis.Run("DEBUG SET-ACTIVE-EXPIRE 0");
        _redis.Run($"CONFIG SET hash-max-listpack-entries {entries}");
        _redis.Run("HSET h a 1 b 2 c 3 d 4 e 5 f 6 g 7 h 8 i 9 j 10 k 11");
        _redis.Run("HPEXPIRE h 100 FIELDS 9 a b c d e f g h i");
        Assert.Equal(encoding, _redis.Run("OBJECT ENCODING h"));
        _redis.Advance(99);
        Assert.Equal("1", _redis.Run("HGET h a"));
        _redis.Advance(1);
        Assert.Equal("[-2]", _redis.Run("HTTL h FIELDS 1 a"));
        Assert.Equal("[-2]", _redis.Run("HPERSIST h FIELDS 1 a"));
        Assert.Equal("[-2]", _redis.Run("HEXPIRE h 100 FIELDS 1 a"));
        Assert.Equal("11", _redis.Run("HLEN h"));
        Assert.Equal("(nil)", _redis.Run("HGET h a"));
        Assert.Equal("10", _redis.Run("HLEN h"));
        Assert.Equal("0", _redis.Run("HEXISTS h b"));
        Assert.Equal("0", _redis.Run("HSTRLEN h c"));
        Assert.Equal("8", _redis.Run("HLEN h"));
        Assert.Equal("5", _redis.Run("HINCRBY h d 5"));
        Assert.Equal("1.5", _redis.Run("HINCRBYFLOAT h e 1.5"));
        Assert.Equal("1", _redis.Run("HSETNX h f x"));
        Assert.Equal("[-1, -1, -1]", _redis.Run("HTTL h FIELDS 3 d e f"));
        Assert.Equal("0", _redis.Run("HSET h g x"));                              // they do not ask for the time, as in Redis
        Assert.Equal("1", _redis.Run("HDEL h h"));
        Assert.Equal("7", _redis.Run("HLEN h"));
        Assert.Equal("[d, e, f, g, j, k]", Sorted(_redis.Run("HKEYS h")));
        Assert.Equal("[1.5, 10, 11, 5, x, x]", Sorted(_redis.Run("HVALS h")));
        Assert.Equal("[d, e, f, g, j, k]", Sorted(_redis.Run("HSCAN h 0 NOVALUES").Replace("[0, [", "[").Replace("]]", "]")));
        Assert.Equal("[d, e, f, g, j, k]", Sorted(_redis.Run("HRANDFIELD h 100")));
        Assert.Equal("6", _redis.Run("HLEN h"));                                  // HRANDFIELD removed what was left
        Assert.Equal(7, Stat("expired_subkeys"));
    }

    [Fact]
    public void The_last_field_takes_the_key_with_it()
    {
        _redis.Run("DEBUG SET-ACTIVE-EXPIRE 0");
        _redis.Run("HSET h a 1 b 2");
        _redis.Run("HPEXPIRE h 10 FIELDS 2 a b");
        _redis.Advance(10);
        Assert.Equal("1", _redis.Run("EXISTS h"));
        Assert.Equal("{}", _redis.Run("HGETALL h").Replace("[]", "{}"));
        Assert.Equal("[(nil), (nil), (nil)]", _redis.Run("HMGET h a b c"));
        Assert.Equal("0", _redis.Run("EXISTS h"));
    }

    [Fact]
    public void Fields_go_by_themselves_soon_after_their_time()
    {
        for (var i = 0; i < 3000; i++) _redis.Run($"HSET big f{i} {i}");
        for (var i = 0; i < 2900; i++) _redis.Run($"HPEXPIRE big 1000 FIELDS 1 f{i}");
        _redis.Run("HSET small a 1 b 2");
        _redis.Run("HPEXPIRE small 1000 FIELDS 1 a");
        _redis.Run("HPEXPIRE small 3000 FIELDS 1 b");
        Assert.Contains("subexpiry=2", _redis.Run("INFO keyspace"));
        _redis.Advance(999);
        Assert.Equal("3000", _redis.Run("HLEN big"));
        for (var i = 0; i < 20; i++) _redis.Advance(5);
        Assert.Equal("100", _redis.Run("HLEN big"));
        Assert.Equal("1", _redis.Run("HLEN small"));
        Assert.Contains("subexpiry=1", _redis.Run("INFO keyspace"));
        Assert.Equal(2901, Stat("expired_subkeys"));
        for (var i = 0; i < 20; i++) _redis.Advance(100);
        Assert.Equal("0", _redis.Run("EXISTS small"));
        Assert.DoesNotContain("subexpiry", _redis.Run("INFO keyspace"));
        foreach (var db in _redis.Engine.Databases) db.Keys.CheckInvariants();
    }

    [Fact]
    public void Commands_keep_or_drop_the_time_as_documented()
    {
        _redis.Run("HSET h a 1 b 2 c 3 d 4");
        _redis.Run("HEXPIRE h 100 FIELDS 4 a b c d");
        _redis.Run("HSET h a 5");
        _redis.Run("HINCRBY h b 5");
        _redis.Run("HINCRBYFLOAT h c 0.5");
        _redis.Run("HMSET h d 1");
        Assert.Equal("[-1, 100, 100, -1]", _redis.Run("HTTL h FIELDS 4 a b c d"));
        Assert.Equal("1", _redis.Run("HSETEX h EX 50 FIELDS 2 a 1 b 2"));
        Assert.Equal("[50, 50, 100]", _redis.Run("HTTL h FIELDS 3 a b c"));
        Assert.Equal("1", _redis.Run("HSETEX h KEEPTTL FIELDS 2 a 7 d 8"));
        Assert.Equal("[50, -1]", _redis.Run("HTTL h FIELDS 2 a d"));
        Assert.Equal("1", _redis.Run("HSETEX h FIELDS 1 a 9"));
        Assert.Equal("[-1]", _redis.Run("HTTL h FIELDS 1 a"));
        Assert.Equal("[9, 2]", _redis.Run("HGETEX h EX 10 FIELDS 2 a b"));
        Assert.Equal("[10, 10]", _redis.Run("HTTL h FIELDS 2 a b"));
        Assert.Equal("[9]", _redis.Run("HGETEX h PERSIST FIELDS 1 a"));
        Assert.Equal("[-1]", _redis.Run("HTTL h FIELDS 1 a"));
    }

    [Fact]
    public void Times_follow_the_key_wherever_it_goes()
    {
        _redis.Run("HSET h a 1 b 2");
        _redis.Run("HEXPIRE h 100 FIELDS 1 a");
        _redis.Run("COPY h copy");
        _redis.Run("RENAME h renamed");
        Assert.Equal("[100, -1]", _redis.Run("HTTL copy FIELDS 2 a b"));
        Assert.Equal("[100, -1]", _redis.Run("HTTL renamed FIELDS 2 a b"));
        _redis.Run("MOVE renamed 3");
        _redis.Run("COPY copy copy2 DB 3");
        Assert.Contains("db0:keys=1,expires=0,avg_ttl=0,subexpiry=1", _redis.Run("INFO keyspace"));
        Assert.Contains("db3:keys=2,expires=0,avg_ttl=0,subexpiry=2", _redis.Run("INFO keyspace"));
        _redis.Run("SWAPDB 0 3");
        Assert.Equal("[100, -1]", _redis.Run("HTTL renamed FIELDS 2 a b"));
        var payload = Payload("DUMP"u8.ToArray(), "renamed"u8.ToArray());
        Assert.Equal(12, payload[^10]);
        _redis.RunRaw("RESTORE"u8.ToArray(), "restored"u8.ToArray(), "0"u8.ToArray(), payload);
        Assert.Equal("[100, -1]", _redis.Run("HTTL restored FIELDS 2 a b"));
        Assert.Equal("listpackex", _redis.Run("OBJECT ENCODING restored"));
        _redis.Run("SET renamed x");
        _redis.Run("DEL copy2");
        foreach (var db in _redis.Engine.Databases) db.Keys.CheckInvariants();
        _redis.Advance(100_000);
        for (var i = 0; i < 5; i++) _redis.Advance(30);
        Assert.Equal("[b]", _redis.Run("HKEYS restored"));
        _redis.Run("FLUSHALL");
        foreach (var db in _redis.Engine.Databases) db.Keys.CheckInvariants();
    }

    [Fact]
    public void A_payload_without_times_keeps_the_version_that_was_asked_for()
    {
        _redis.Run("HSET h a 1");
        Assert.Equal(10, Payload("DUMP"u8.ToArray(), "h"u8.ToArray())[^10]);
    }

    [Fact]
    public void Encodings_are_those_of_7_4()
    {
        _redis.Run("HSET h a 1");
        Assert.Equal("listpack", _redis.Run("OBJECT ENCODING h"));
        _redis.Run("HEXPIRE h 100 FIELDS 1 a");
        Assert.Equal("listpackex", _redis.Run("OBJECT ENCODING h"));
        _redis.Run("HPERSIST h FIELDS 1 a");
        Assert.Equal("listpackex", _redis.Run("OBJECT ENCODING h"));
        Assert.Equal("Listpack structure printed in the log", _redis.Run("DEBUG LISTPACK h"));
        _redis.Run("HSET h b " + new string('x', 65));
        Assert.Equal("hashtable", _redis.Run("OBJECT ENCODING h"));

        _redis.Run("CONFIG SET hash-max-listpack-entries 3");
        _redis.Run("HSET g a 1 b 2 c 3");
        _redis.Run("HEXPIRE g 100 FIELDS 1 a");
        Assert.Equal("listpackex", _redis.Run("OBJECT ENCODING g"));
        _redis.Run("HSET g d 4");
        Assert.Equal("hashtable", _redis.Run("OBJECT ENCODING g"));
        Assert.Equal("[100]", _redis.Run("HTTL g FIELDS 1 a"));
    }

    [Fact]
    public void Events_are_those_of_redis()
    {
        _redis.Run("CONFIG SET notify-keyspace-events EA");
        var listener = _redis.Connect();
        listener.Run("PSUBSCRIBE __keyevent@0__:*");
        _redis.Run("DEBUG SET-ACTIVE-EXPIRE 0");

        void Expect(string command, params string[] events)
        {
            _redis.Run(command);
            var seen = Regex.Matches(listener.Take(), @"__keyevent@0__:(\w+), h").Select(match => match.Groups[1].Value);
            Assert.Equal((command, string.Join(' ', events)), (command, string.Join(' ', seen)));
        }

        Expect("HSET h a 1 b 2 c 3 d 4", "hset");
        Expect("HEXPIRE h 100 FIELDS 2 a b", "hexpire");
        Expect("HEXPIRE h 100 XX FIELDS 1 c");
        Expect("HEXPIRE h 0 FIELDS 2 b zz", "hdel");
        Expect("HPERSIST h FIELDS 1 d");
        Expect("HPERSIST h FIELDS 1 a", "hpersist");
        Expect("HPEXPIRE h 10 FIELDS 2 a c", "hexpire");
        _redis.Clock.AdvanceMs(10);
        Expect("HMGET h a c d", "hexpired");
        Expect("HGETEX h PX 0 FIELDS 1 d", "hdel", "del");
        Expect("HSETEX h PX 0 FIELDS 1 a 1", "hset", "hdel", "del");
        Expect("HSETEX h EX 10 FIELDS 2 a 1 b 2", "hset", "hexpire");
        Expect("HGETEX h EX 20 FIELDS 1 a", "hexpire");
        Expect("HGETEX h PERSIST FIELDS 1 a", "hpersist");
        Expect("HSETEX h PX 5 FIELDS 1 c 1", "hset", "hexpire");
        _redis.Clock.AdvanceMs(5);
        Expect("HGETDEL h FIELDS 2 a c", "hexpired", "hdel");
        Expect("HGETDEL h FIELDS 1 b", "hdel", "del");
    }

    [Fact]
    public void One_event_for_what_expires_together_and_watchers_learn_of_it()
    {
        _redis.Run("CONFIG SET notify-keyspace-events Eh");
        var listener = _redis.Connect();
        _redis.Run("HSET h a 1 b 2 c 3");
        _redis.Run("HPEXPIRE h 10 FIELDS 2 a b");
        listener.Run("PSUBSCRIBE __keyevent@0__:*");
        _redis.Run("WATCH h");
        _redis.Advance(10);
        _redis.Advance(30);
        Assert.Equal("[pmessage, __keyevent@0__:*, __keyevent@0__:hexpired, h]", listener.Take());
        _redis.Run("MULTI");
        _redis.Run("PING");
        Assert.Equal("(nil)", _redis.Run("EXEC"));
    }

    [Fact]
    public void Effects_are_outcomes()
    {
        var sink = _redis.Record();
        void Expect(string command, string effect)
        {
            var before = sink.Units.Count;
            _redis.Run(command);
            Assert.Equal((command, effect), (command, string.Join(" | ", sink.Units.Skip(before))));
        }

        var in100 = Time(100_000);
        Expect("HSET h a 1 b 2 c 3 d 4", "HSET h a 1 b 2 c 3 d 4");
        Expect("HEXPIRE h 100 NX FIELDS 3 a zz b", $"HPEXPIREAT h {in100} NX FIELDS 2 a b");
        Expect("HEXPIRE h 100 NX FIELDS 1 a", "");
        Expect("HEXPIRE h 0 FIELDS 2 b c", "HDEL h b; HDEL h c");
        Expect("HINCRBYFLOAT h a 1", $"HSET h a 2; HPEXPIREAT h {in100} FIELDS 1 a");
        Expect("HINCRBY h a 1", "HINCRBY h a 1");
        Expect("HPERSIST h FIELDS 2 a d", "HPERSIST h FIELDS 1 a");
        Expect("HSETEX h EX 100 FNX FIELDS 2 x 1 y 2", $"HSET h x 1 y 2; HPEXPIREAT h {in100} FIELDS 2 x y");
        Expect("HSETEX h KEEPTTL FIELDS 2 x 5 d 6", $"HSET h x 5 d 6; HPEXPIREAT h {in100} FIELDS 1 x");
        Expect("HSETEX h PX 0 FIELDS 1 x 5", "HDEL h x");
        Expect("HGETEX h FIELDS 1 y", "");
        Expect("HGETEX h PX 100000 FIELDS 2 y zz", $"HPEXPIREAT h {in100} FIELDS 1 y");
        Expect("HGETEX h PERSIST FIELDS 1 y", "HPERSIST h FIELDS 1 y");
        Expect("HGETDEL h FIELDS 3 y zz d", "HDEL h y d");
        Expect("HPEXPIRE h 10 FIELDS 1 a", $"HPEXPIREAT h {Time(10)} FIELDS 1 a");
        _redis.Clock.AdvanceMs(10);
        Expect("HGET h a", "HDEL h a");
    }

    [Fact]
    public void A_script_or_transaction_sees_time_standing_still()
    {
        _redis.Run("HSET h a 1");
        _redis.Run("HPEXPIRE h 10 FIELDS 1 a");
        _redis.Run("MULTI");
        _redis.Run("HGET h a");
        _redis.Run("HPTTL h FIELDS 1 a");
        Assert.Equal("[1, [10]]", _redis.Run("EXEC"));
    }

    private long Stat(string name)
    {
        var line = _redis.Run("INFO stats").Split('\n').First(l => l.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line[(name.Length + 1)..].Trim());
    }

    private byte[] Payload(params byte[][] request) => RedisLite.Protocol.ReplyReader.ReadAll(_redis.RunRaw(request))[0].Bytes;

    private static string Sorted(string reply) => "[" + string.Join(", ", reply.Trim('[', ']').Split(", ").Order(StringComparer.Ordinal)) + "]";
}
