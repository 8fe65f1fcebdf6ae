"""`mingquan doctor`: `looking` gathers facts and changes nothing, `findings` judges them and says what to do."""
