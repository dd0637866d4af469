%% `ask`, `ask_outside` and `ask_join`.
-module(peers_ask).
-export([between_processes/1, from_driver/1, ten_at_once/1]).
-export([echo/0, asker/1, slow_echo/1]).

-define(TEN, 10).

between_processes(N) ->
    Asker = spawn(?MODULE, asker, [spawn(?MODULE, echo, [])]),
    peers_meter:phases(N, fun(Questions) -> check(Questions, ask(Asker, Questions)) end).

from_driver(N) ->
    Echo = spawn(?MODULE, echo, []),
    peers_meter:phases(N, fun(Questions) -> check(Questions, ask_all(Echo, Questions, 0)) end).

ten_at_once(N) ->
    Turns = peers_pool:turns(1000000),
    Workers = [spawn(?MODULE, slow_echo, [Turns]) || _ <- lists:seq(1, ?TEN)],
    Numbers = lists:seq(0, ?TEN - 1),
    peers_meter:phases(N, fun(Times) ->
        [begin
            Asked = [{send(Worker, Number), Number} || {Worker, Number} <- lists:zip(Workers, Numbers)],
            [begin Answer = Number + 1, Answer = answer(Ref) end || {Ref, Number} <- Asked]
        end || _ <- lists:seq(1, Times)]
    end).

echo() ->
    receive {Ref, From, Number} -> From ! {Ref, Number + 1} end,
    echo().

%% Asks that many questions; the reply is the sum of the answers.
asker(Echo) ->
    receive {Ref, From, Questions} -> From ! {Ref, ask_all(Echo, Questions, 0)} end,
    asker(Echo).

%% Computes for 1 ms before it answers.
slow_echo(Turns) ->
    receive
        {Ref, From, Number} ->
            peers_pool:spin(Turns),
            From ! {Ref, Number + 1}
    end,
    slow_echo(Turns).

ask_all(_, 0, Sum) -> Sum;
ask_all(Echo, Questions, Sum) ->
    ask_all(Echo, Questions - 1, Sum + ask(Echo, Questions - 1)).

ask(To, Number) ->
    Ref = make_ref(),
    To ! {Ref, self(), Number},
    receive {Ref, Answer} -> Answer end.

send(To, Number) ->
    Ref = make_ref(),
    To ! {Ref, self(), Number},
    Ref.

answer(Ref) ->
    receive {Ref, Answer} -> Answer end.

check(Questions, Sum) ->
    Sum = peers_meter:sum_below(Questions) + Questions.
