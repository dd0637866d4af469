%% `ping_pong`, `pairs`, the rings and `skynet`.
-module(peers_relay).
-export([relay/4, skynet/1]).
-export([unlinked/2, node/3]).

relay(N, Rings, Nodes, Tokens) ->
    Driver = self(),
    All = [ring(Nodes, Driver) || _ <- lists:seq(1, Rings)],
    peers_meter:phases(N, fun(Hops) ->
        Left = Hops div (Rings * Tokens),
        0 = Left rem Nodes,
        [element(Token * (Nodes div Tokens) + 1, Ring) ! {token, Left, 0}
            || Ring <- All, Token <- lists:seq(0, Tokens - 1)],
        Sum = Hops div Nodes * peers_meter:sum_below(Nodes),
        Sum = collect(Rings * Tokens, 0)
    end).

collect(0, Sum) -> Sum;
collect(Count, Sum) ->
    receive {arrived, More} -> collect(Count - 1, Sum + More) end.

ring(Nodes, Driver) ->
    Ring = list_to_tuple([spawn(?MODULE, unlinked, [Number, Driver]) || Number <- lists:seq(0, Nodes - 1)]),
    [element(Number, Ring) ! {next, element(Number rem Nodes + 1, Ring)} || Number <- lists:seq(1, Nodes)],
    Ring.

unlinked(Number, Driver) ->
    receive {next, Next} -> pass(Number, Next, Driver) end.

pass(Number, Next, Driver) ->
    receive
        {token, 1, Sum} -> Driver ! {arrived, Sum + Number};
        {token, Left, Sum} -> Next ! {token, Left - 1, Sum + Number}
    end,
    pass(Number, Next, Driver).

%% N is the number of all nodes of the tree.
skynet(N) ->
    peers_meter:phases(N, fun(Nodes) ->
        Leaves = leaves(Nodes, 1, 1),
        spawn(?MODULE, node, [self(), 0, Leaves]),
        Sum = peers_meter:sum_below(Leaves),
        receive Sum -> ok end
    end).

leaves(All, All, Leaves) -> Leaves;
leaves(Nodes, All, Leaves) when All < Nodes -> leaves(Nodes, All + Leaves * 10, Leaves * 10).

node(Up, Number, 1) -> Up ! Number;
node(Up, Number, Leaves) ->
    Each = Leaves div 10,
    [spawn(?MODULE, node, [self(), Number + Child * Each, Each]) || Child <- lists:seq(0, 9)],
    Up ! sum(10, 0).

sum(0, Sum) -> Sum;
sum(Count, Sum) ->
    receive More -> sum(Count - 1, Sum + More) end.
