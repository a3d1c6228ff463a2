using static RedisLite.Engine.CommandFlags;

namespace RedisLite.Engine.Commands;

/// <summary>
/// Cluster commands as a server that is no cluster node answers them: its arguments are counted, then each is refused. The rows are here because
/// ACL rules, COMMAND DOCS and the clients that read them know these names on every server.
/// </summary>
internal static class ClusterCommands
{
    private const CommandFlags Ask = Stale;
    private const CommandFlags Order = Admin | Stale | NoAsyncLoading;
    private static readonly string[] Varies = ["nondeterministic_output"];

    public static CommandSpec[] Table() =>
    [
        new("ASKING", 1, Refuse, Fast, "")
        { Acl = AclCategory.Connection, Since = "3.0.0", Summary = "Lets the next command in to a slot that is being imported.", Complexity = "O(1)" },
        new("READONLY", 1, Refuse, Loading | Stale | Fast, "")
        { Acl = AclCategory.Connection, Since = "3.0.0", Summary = "Allows this connection to read from a replica node.", Complexity = "O(1)" },
        new("READWRITE", 1, Refuse, Loading | Stale | Fast, "")
        { Acl = AclCategory.Connection, Since = "3.0.0", Summary = "Ends what READONLY allowed.", Complexity = "O(1)" },
        new("CLUSTER", -2, null, None, "")
        {
            Since = "3.0.0", Summary = "Commands of cluster nodes.", Complexity = "Depends on the subcommand",
            Subcommands = [.. Slots(), .. Nodes(), .. Views()],
        },
    ];

    private static CommandSpec[] Slots() =>
    [
        new("ADDSLOTS", -3, Refuse, Order, "slot [slot ...]")
        { Since = "3.0.0", Summary = "Takes hash slots on for this node.", Complexity = "O(N) in the number of slots" },
        new("ADDSLOTSRANGE", -4, Refuse, Order, "<range: start-slot end-slot> [...]")
        { Since = "7.0.0", Summary = "Takes ranges of hash slots on for this node.", Complexity = "O(N) in the number of slots" },
        new("COUNTKEYSINSLOT", 3, Refuse, Ask, "slot")
        { Since = "3.0.0", Summary = "Counts the keys of a hash slot.", Complexity = "O(1)" },
        new("DELSLOTS", -3, Refuse, Order, "slot [slot ...]")
        { Since = "3.0.0", Summary = "Forgets who has these hash slots.", Complexity = "O(N) in the number of slots" },
        new("DELSLOTSRANGE", -4, Refuse, Order, "<range: start-slot end-slot> [...]")
        { Since = "7.0.0", Summary = "Forgets who has these ranges of hash slots.", Complexity = "O(N) in the number of slots" },
        new("FLUSHSLOTS", 2, Refuse, Order, "")
        { Since = "3.0.0", Summary = "Forgets who has any hash slot.", Complexity = "O(1)" },
        new("GETKEYSINSLOT", 4, Refuse, Ask, "slot count")
        { Since = "3.0.0", Tips = Varies, Summary = "Gives some keys of a hash slot.", Complexity = "O(N) in the count" },
        new("KEYSLOT", 3, Refuse, Ask, "key:string")
        { Since = "3.0.0", Summary = "Tells the hash slot of a key.", Complexity = "O(N) in the bytes of the key" },
        new("SETSLOT", -4, Refuse, Order, "slot <subcommand: IMPORTING <importing: node-id> | MIGRATING <migrating: node-id> | NODE <node: node-id> | STABLE>")
        { Since = "3.0.0", Summary = "Gives a hash slot to a node, or says that it moves.", Complexity = "O(1)" },
    ];

    private static CommandSpec[] Nodes() =>
    [
        new("BUMPEPOCH", 2, Refuse, Order, "")
        { Since = "3.0.0", Tips = Varies, Summary = "Takes a newer configuration epoch.", Complexity = "O(1)" },
        new("FAILOVER", -2, Refuse, Order, "[options: FORCE | TAKEOVER]")
        { Since = "3.0.0", Summary = "Makes this replica the master of its slots.", Complexity = "O(1)" },
        new("FORGET", 3, Refuse, Order, "node-id")
        { Since = "3.0.0", Summary = "Removes a node from the list of nodes.", Complexity = "O(1)" },
        new("MEET", -4, Refuse, Order, "ip port [cluster-bus-port:int]@4.0.0")
        { Since = "3.0.0", Summary = "Introduces another node.", Complexity = "O(1)" },
        new("REPLICATE", 3, Refuse, Order, "node-id")
        { Since = "3.0.0", Summary = "Makes this node a replica of another.", Complexity = "O(1)" },
        new("RESET", -2, Refuse, Admin | NoScript | Stale, "[reset-type: HARD | SOFT]")
        { Since = "3.0.0", Summary = "Makes this a node on its own again.", Complexity = "O(N) in the number of nodes; N keys where it was a replica" },
        new("SAVECONFIG", 2, Refuse, Order, "")
        { Since = "3.0.0", Summary = "Writes the file of the cluster's configuration.", Complexity = "O(1)" },
        new("SET-CONFIG-EPOCH", 3, Refuse, Order, "config-epoch")
        { Since = "3.0.0", Summary = "Gives a new node its configuration epoch.", Complexity = "O(1)" },
    ];

    private static CommandSpec[] Views() =>
    [
        new("COUNT-FAILURE-REPORTS", 3, Refuse, Admin | Stale, "node-id")
        { Since = "3.0.0", Tips = Varies, Summary = "Counts who says that a node has failed.", Complexity = "O(N) in the number of reports" },
        new("HELP", 2, Refuse, Loading | Stale, "")
        { Since = "5.0.0", Summary = "Describes the subcommands.", Complexity = "O(1)" },
        new("INFO", 2, Refuse, Ask, "")
        { Since = "3.0.0", Tips = Varies, Summary = "Gives the state of the cluster as this node sees it.", Complexity = "O(1)" },
        new("LINKS", 2, Refuse, Ask, "")
        { Since = "7.0.0", Tips = Varies, Summary = "Gives the connections of the cluster bus.", Complexity = "O(N) in the number of nodes" },
        new("MYID", 2, Refuse, Ask, "")
        { Since = "3.0.0", Summary = "Gives the ID of this node.", Complexity = "O(1)" },
        new("MYSHARDID", 2, Refuse, Ask, "")
        { Since = "7.2.0", Tips = Varies, Summary = "Gives the ID of the shard of this node.", Complexity = "O(1)" },
        new("NODES", 2, Refuse, Ask, "")
        { Since = "3.0.0", Tips = Varies, Summary = "Gives the configuration of the cluster as nodes keep it.", Complexity = "O(N) in the number of nodes" },
        new("REPLICAS", 3, Refuse, Admin | Stale, "node-id")
        { Since = "5.0.0", Tips = Varies, Summary = "Gives the replicas of a master node.", Complexity = "O(N) in the number of replicas" },
        new("SHARDS", 2, Refuse, Loading | Stale, "")
        { Since = "7.0.0", Tips = Varies, Summary = "Gives slot ranges and nodes, by shard.", Complexity = "O(N) in the number of nodes" },
        new("SLAVES", 3, Refuse, Admin | Stale, "node-id")
        { Since = "3.0.0", DeprecatedSince = "5.0.0", ReplacedBy = "CLUSTER REPLICAS", Tips = Varies,
          Summary = "Gives the replicas of a master node.", Complexity = "O(N) in the number of replicas" },
        new("SLOTS", 2, Refuse, Loading | Stale, "")
        { Since = "3.0.0", DeprecatedSince = "7.0.0", ReplacedBy = "CLUSTER SHARDS", Tips = Varies,
          Summary = "Gives slot ranges and the nodes that have them.", Complexity = "O(N) in the number of nodes" },
    ];

    private static void Refuse(CommandContext ctx) => ctx.Fail("ERR This instance has cluster support disabled");
}
